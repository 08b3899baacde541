"""A TOML table of the configuration as a typed section, or everything that is wrong with it."""

from typing import Any, TypeVar

import msgspec

from chargelink.cli.language import Text
from chargelink.cli.strict import Problem
from chargelink.cli.strict import read as read_section

Shape = TypeVar("Shape", bound=msgspec.Struct)

# How a value is written, by its key: what the patterns of `sections` demand, in words.
FORMATS = {
    "id": Text("write 1 to 64 letters, digits, . _ : or -", "请写 1 至 64 个字母、数字、. _ : 或 -"),
    "address": Text("write the 12 digits on the meter's plate", "请写电能表铭牌上的 12 位数字"),
    "eui": Text("write 16 lower-case hexadecimal digits", "请写 16 位小写十六进制数字"),
    "gateways": Text("write 16 lower-case hexadecimal digits each", "每个写 16 位小写十六进制数字"),
    "supervisor_key": Text(
        "write the 64 lower-case hexadecimal digits that `chargelink metering keygen` prints",
        "请写 chargelink metering keygen 输出的 64 位小写十六进制数字",
    ),
    "verified_until": Text("write a day without quotes, as 2029-05-31", "请写日期，不加引号，例如 2029-05-31"),
    "vin_start": Text('write "now" or "consent"', '请写 "now" 或 "consent"'),
    "mode": Text('write "charge" or "monitor"', '请写 "charge" 或 "monitor"'),
}
_PORT = Text(
    "write an address that begins with its kind, as serial:/dev/ttyS1", "请写带类型前缀的地址，例如 serial:/dev/ttyS1"
)
FORMATS |= dict.fromkeys(("port", "can", "radio", "lines"), _PORT)


def read(table: dict[str, Any], shape: type[Shape]) -> Shape | list[Problem]:
    """The table as a section, or its problems, each with what is to be written instead."""
    return read_section(table, shape, FORMATS)
