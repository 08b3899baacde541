"""Why the operating system refused something, in both languages."""

import errno

from chargelink.cli.language import Text

TIMED_OUT = Text("no answer in time", "应答超时")
REASONS = {
    errno.ENOENT: Text("there is no such file or folder", "文件或文件夹不存在"),
    errno.EISDIR: Text("it is a folder", "这是一个文件夹"),
    errno.ENOTDIR: Text("a part of the path is no folder", "路径中有一段不是文件夹"),
    errno.EACCES: Text("permission denied", "没有权限"),
    errno.EPERM: Text("not permitted", "操作不被允许"),
    errno.EROFS: Text("the file system is read-only", "文件系统只读"),
    errno.ENOSPC: Text("the disk is full", "磁盘已满"),
    errno.EIO: Text("the device failed", "设备读写出错"),
    errno.ENODEV: Text("there is no such device", "没有此设备"),
    errno.ENETDOWN: Text("the interface is down", "接口未启用"),
    errno.EAFNOSUPPORT: Text("this kernel does not know such an interface", "内核不支持此类接口"),
    errno.ETIMEDOUT: TIMED_OUT,
    errno.ECONNREFUSED: Text("nobody listens there", "该地址无人监听"),
}


def reason(error: Exception) -> Text:
    """What went wrong; where it is not in the table, in the words of the system."""
    if isinstance(error, OSError) and error.errno in REASONS:
        return REASONS[error.errno]
    if isinstance(error, TimeoutError):  # of asyncio, which has neither number nor words
        return TIMED_OUT
    said = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return Text(said, said)
