"""When something is so: one function of the situation each, with the numbers of the standard beside it."""

from chargelink.edge.charge.situation import Situation

PLUGGED = range(3_400, 4_601)  # mV at detection point 1; must charge within 3.65..4.37 V, must not beyond 3.2..4.8 V
CONNECTED = range(3_250, 4_751)  # mV; wider, so that a voltage on the edge does not chatter (GB/T 34657.1 D0.6002)
BUTTON = range(5_200, 6_801)  # mV: S is open, 6 V +- 0.8 V; an unplugged gun shows the same
SAFE = 60_000  # mV: below it people may touch
FOREIGN = 10_000  # mV on the plug before the charger made any (B.3.3)
REVERSED = -10_000  # mV
STOP_CURRENT = 5_000  # mA: at or below it contactors may open (B.3.7)
TEST_TOLERANCE = 10_000  # mV around the voltage of the insulation test
FAULTY, WARNING = 100, 500  # ohm per volt of the test voltage (B.4.1)
BATTERY_TOLERANCE = 20  # a twentieth, 5 % of the voltage that the battery said (B.3.4)
PRECHARGED = range(-10_000, -1_000 + 1)  # mV, inside against outside: 2015 wants 1..10 V below, 2025 within +-10 V


def heard(situation: Situation) -> bool:
    """The board has told something."""
    return situation.heard


def plugged(situation: Situation) -> bool:
    """Plugged in and latched: the only state in which a charge may begin."""
    return situation.board.cc1 in PLUGGED


def unplugged(situation: Situation) -> bool:
    return situation.board.cc1 not in CONNECTED


def connection_lost(situation: Situation) -> bool:
    return situation.board.cc1 not in CONNECTED and situation.board.cc1 not in BUTTON


def button_pressed(situation: Situation) -> bool:
    return situation.board.cc1 in BUTTON


def locked(situation: Situation) -> bool:
    return situation.board.lock_feedback


def unlocked(situation: Situation) -> bool:
    return not situation.board.lock_feedback


def authorised(situation: Situation) -> bool:
    return situation.charge is not None


def asked(situation: Situation) -> bool:
    """Somebody wants to begin by the VIN."""
    return situation.asked


def awake(situation: Situation) -> bool:
    """The auxiliary supply is closed; nothing else is."""
    return situation.board.k3k4_feedback


def asleep(situation: Situation) -> bool:
    return not situation.board.k3k4_feedback


def identified(situation: Situation) -> bool:
    return situation.vehicle.identified


def energised(situation: Situation) -> bool:
    """AC contactor and auxiliary supply are closed."""
    return situation.board.ac_feedback and situation.board.k3k4_feedback


def mains_lost(situation: Situation) -> bool:
    return not situation.board.ac_feedback


def answered(situation: Situation) -> bool:
    return situation.vehicle.answered


def permitted(situation: Situation) -> bool:
    return situation.board.permit


def permit_lost(situation: Situation) -> bool:
    return not situation.board.permit


def at_test_voltage(situation: Situation) -> bool:
    return abs(situation.board.inside_voltage - situation.test_voltage) <= TEST_TOLERANCE


def insulated(situation: Situation) -> bool:
    """The test voltage is on the plug, and each pole has more than 100 ohm per volt of it to earth."""
    board = situation.board
    on_plug = abs(board.outside_voltage - situation.test_voltage) <= TEST_TOLERANCE
    return board.k1k2_feedback and on_plug and board.insulation * 1_000_000 > FAULTY * situation.test_voltage


def insulation_low(situation: Situation) -> bool:
    """Charging is allowed, but people should know."""
    return situation.board.insulation * 1_000_000 <= WARNING * situation.test_voltage


def safe(situation: Situation) -> bool:
    """Both sides of the contactors may be touched."""
    return abs(situation.board.inside_voltage) < SAFE and abs(situation.board.outside_voltage) < SAFE


def inside_safe(situation: Situation) -> bool:
    """The inside is empty. With the battery still outside this also proves that the contactors are open."""
    return abs(situation.board.inside_voltage) < SAFE


def foreign_voltage(situation: Situation) -> bool:
    return situation.board.outside_voltage >= FOREIGN


def reversed_polarity(situation: Situation) -> bool:
    return situation.board.outside_voltage <= REVERSED


def contactors_open(situation: Situation) -> bool:
    return not situation.board.k1k2_feedback


def contactors_closed(situation: Situation) -> bool:
    return situation.board.k1k2_feedback


def vehicle_ready(situation: Situation) -> bool:
    return situation.vehicle.ready


def battery_matches(situation: Situation) -> bool:
    """The voltage on the plug is within 5 % of what the battery said, and one that this charger can make."""
    battery, voltage = situation.vehicle.battery, situation.board.outside_voltage
    if battery is None or not situation.limits.min_voltage <= voltage <= situation.limits.max_voltage:
        return False
    return abs(voltage - battery.battery_voltage) * BATTERY_TOLERANCE <= battery.battery_voltage


def battery_differs(situation: Situation) -> bool:
    return not battery_matches(situation)


def precharged(situation: Situation) -> bool:
    """The inside is a little below the outside, so that closing neither feeds back nor sparks."""
    board = situation.board
    return board.permit and board.inside_voltage - board.outside_voltage in PRECHARGED


def broken_off(situation: Situation) -> bool:
    """The dialogue broke, and may begin anew."""
    return situation.vehicle.broken_off is not None


def sleeps(situation: Situation) -> bool:
    """Nothing was ever heard of the vehicle."""
    return situation.vehicle.sleeps


def demanded(situation: Situation) -> bool:
    return situation.vehicle.asked is not None


def current_gone(situation: Situation) -> bool:
    return abs(situation.board.current) <= STOP_CURRENT


def dialogue_over(situation: Situation) -> bool:
    return situation.vehicle.gone


def emergency_stop(situation: Situation) -> bool:
    return situation.board.e_stop


def door_open(situation: Situation) -> bool:
    return situation.board.door_open


def modules_failed(situation: Situation) -> bool:
    return situation.board.module_fault
