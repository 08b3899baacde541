"""Class 06, load profile: a store of records, read from its start, its end or from a time (table A.7).

Which of the six kinds of quantities a record holds depends on the meter's mode word; the record is kept as bytes.
"""

from chargelink.dlt645.catalogue.row import Row
from chargelink.dlt645.forms import Opaque

KINDS = (
    ("00", "load_profile", "全部负荷记录"),
    ("01", "voltage_current_frequency_profile", "第1类负荷记录（电压、电流、频率）"),
    ("02", "power_profile", "第2类负荷记录（有、无功功率）"),
    ("03", "power_factor_profile", "第3类负荷记录（功率因数）"),
    ("04", "energy_profile", "第4类负荷记录（有、无功总电能）"),
    ("05", "quadrant_energy_profile", "第5类负荷记录（四象限无功总电能）"),
    ("06", "demand_profile", "第6类负荷记录（当前需量）"),
)

LOAD_PROFILE = tuple(
    Row(f"06{code}00{which}", f"{name}_{from_where}", f"{chinese}{words}", Opaque())
    for code, name, chinese in KINDS
    for which, from_where, words in (
        ("00", "earliest", "最早记录块"),
        ("01", "from_time", "给定时间记录块"),
        ("02", "latest", "最近一个记录块"),
    )
)
