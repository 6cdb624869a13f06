"""Runs a command in a network namespace that has loopback and nothing else: `loopback_only.py COMMAND...` (root)."""

import ctypes
import fcntl
import os
import socket
import struct
import sys

CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1

if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
    sys.exit(f"no network namespace: {os.strerror(ctypes.get_errno())}")
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
    request = struct.pack("16sh14x", b"lo", 0)
    flags = struct.unpack("16sh14x", fcntl.ioctl(handle, SIOCGIFFLAGS, request))[1]
    fcntl.ioctl(handle, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))
os.execvp(sys.argv[1], sys.argv[1:])
