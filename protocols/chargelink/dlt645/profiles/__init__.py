"""What vendors do differently, as data: a TOML file a vendor, read strictly. One file here is one profile.

[profile]                  # who has it, in both languages
english = "..."
chinese = "..."

[poll]                     # where to read what a charge needs; energy: the finest register first
energy = ["00600000", "00010000"]
voltage = "02010100"       # these three may be left out
current = "02020100"
power = "02030000"

[[item]]                   # an identifier that the standard has not, or has otherwise
identifier = "02000100"    # with {axis} for digits that vary, as in the catalogue's tables
name = "current_a"
chinese = "直流电流"
form = "bcd"               # or "binary"
bytes = 4
decimals = 4
unit = "A"
signed = true              # false if left out
status_bytes = 0           # behind the value, of unknown meaning
"""

from importlib.resources import files

from chargelink.dlt645.profiles.profile import STANDARD_PROFILE, Poll, Profile
from chargelink.dlt645.profiles.reader import ProfileError, ProfileProblem, read_profile

__all__ = ["PROFILES", "STANDARD_PROFILE", "Poll", "Profile", "ProfileError", "ProfileProblem", "read_profile"]

_SHIPPED = sorted(file for file in files(__name__).iterdir() if file.name.endswith(".toml"))  # type: ignore[type-var]

PROFILES = {STANDARD_PROFILE.name: STANDARD_PROFILE} | {
    file.name.removesuffix(".toml"): read_profile(file.name.removesuffix(".toml"), file.read_text("utf-8"))
    for file in _SHIPPED
}
"""All profiles that are shipped, by name; "standard" is the first."""
