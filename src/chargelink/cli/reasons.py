"""Why the operating system refused something, in both languages."""

import errno

from chargelink.cli.language import Text

REASONS = {
    errno.ENOENT: Text("there is no such file or folder", "文件或文件夹不存在"),
    errno.EISDIR: Text("it is a folder", "这是一个文件夹"),
    errno.ENOTDIR: Text("a part of the path is no folder", "路径中有一段不是文件夹"),
    errno.EACCES: Text("permission denied", "没有权限"),
    errno.EPERM: Text("not permitted", "操作不被允许"),
    errno.EROFS: Text("the file system is read-only", "文件系统只读"),
    errno.ENOSPC: Text("the disk is full", "磁盘已满"),
    errno.EIO: Text("the device failed", "设备读写出错"),
}


def reason(error: Exception) -> str:
    """What went wrong; where it is not in the table, in the words of the system."""
    if isinstance(error, OSError) and error.errno in REASONS:
        return str(REASONS[error.errno])
    return getattr(error, "strerror", None) or str(error)
