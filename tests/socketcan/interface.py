"""CAN interfaces of a kernel, made and set up without tools: rtnetlink(7), netdevice(7)."""

import fcntl
import os
import socket
import struct

RTM_NEWLINK, RTM_DELLINK, NLMSG_ERROR = 16, 17, 2
REQUEST, ACKNOWLEDGE, CREATE, EXCLUSIVE = 0x001, 0x004, 0x400, 0x200
IFLA_IFNAME, IFLA_LINKINFO, IFLA_INFO_KIND = 3, 18, 1
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1
HEADER, LINK, INTERFACE_REQUEST = struct.Struct("=IHHII"), struct.Struct("=BxHiII"), struct.Struct("=16sH14x")


def add(name: str) -> None:
    """Make a virtual CAN interface. Raises OSError."""
    kind = attribute(IFLA_INFO_KIND, b"vcan")
    ask(RTM_NEWLINK, CREATE | EXCLUSIVE, attribute(IFLA_IFNAME, name.encode() + b"\0") + attribute(IFLA_LINKINFO, kind))


def remove(name: str) -> None:
    """Take an interface away. Raises OSError."""
    ask(RTM_DELLINK, 0, attribute(IFLA_IFNAME, name.encode() + b"\0"))


def set_up(name: str, up: bool) -> None:
    """Set an interface up or down. Raises OSError."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as any_socket:
        answer = fcntl.ioctl(any_socket, SIOCGIFFLAGS, INTERFACE_REQUEST.pack(name.encode(), 0))
        _, flags = INTERFACE_REQUEST.unpack(answer)
        flags = flags | IFF_UP if up else flags & ~IFF_UP
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, INTERFACE_REQUEST.pack(name.encode(), flags))


def attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def ask(kind: int, flags: int, attributes: bytes) -> None:
    """Send a request and wait for its acknowledgement. Raises OSError."""
    body = LINK.pack(0, 0, 0, 0, 0) + attributes
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as kernel:
        kernel.send(HEADER.pack(HEADER.size + len(body), kind, REQUEST | ACKNOWLEDGE | flags, 1, 0) + body)
        answer = kernel.recv(65536)
    _, answered, *_ = HEADER.unpack_from(answer)
    (error,) = struct.unpack_from("=i", answer, HEADER.size)
    if answered == NLMSG_ERROR and error:
        raise OSError(-error, os.strerror(-error))
