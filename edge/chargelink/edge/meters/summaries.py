"""One line about each command."""

from chargelink.cli.language import Text

SUMMARIES = {
    "scan": Text("which meters are on a line, at which rate", "搜索线路上的电能表及其波特率"),
    "read": Text("what a meter says under some identifiers", "读取电能表的数据项"),
    "relay": Text("trip or close a meter's relay", "电能表跳闸、合闸"),
}
