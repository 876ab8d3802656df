"""Client requests: how a program asks the valgrind that runs it for something.

A request is a sequence of instructions that does nothing on a processor and that valgrind recognises. It needs no compiled
extension: a function of 28 bytes (36 on aarch64) is put into memory that may be executed.

Source: valgrind.h of valgrind 3.19, `VALGRIND_DO_CLIENT_REQUEST_EXPR` for amd64-linux and arm64-linux (2022).
"""

import ctypes
import mmap
import platform
import sys
from collections.abc import Callable
from functools import cache

__all__ = ["ask", "is_known_here"]

_STUBS = {
    # mov rax,rdi; xor edx,edx; rol rdi,3; rol rdi,13; rol rdi,61; rol rdi,51; xchg rbx,rbx; mov rax,rdx; ret
    "x86_64": "4889f8 31d2 48c1c703 48c1c70d 48c1c73d 48c1c733 4887db 4889d0 c3",
    # mov x4,x0; mov x3,#0; ror x12,x12,#3; …#13; …#51; …#61; orr x10,x10,x10; mov x0,x3; ret
    "aarch64": "e40300aa 030080d2 8c0dcc93 8c35cc93 8ccdcc93 8cf5cc93 4a010aaa e00303aa c0035fd6",
}
_ARGUMENTS = 5


def is_known_here() -> bool:
    """Whether the sequence for this processor is known: x86-64 and aarch64, with Linux and 64 bits."""
    return sys.platform == "linux" and sys.maxsize > 2**32 and platform.machine() in _STUBS


def ask(request: int, text: bytes | None = None) -> int:
    """Valgrind's answer to a request with a text as its argument; 0 where no valgrind is.

    Raises: OSError where the system allows no memory that is executed.
    """
    call, _ = _stub()
    pointer = ctypes.cast(ctypes.c_char_p(text), ctypes.c_void_p).value or 0
    arguments = (ctypes.c_uint64 * (1 + _ARGUMENTS))(request, pointer)
    return call(ctypes.addressof(arguments))


@cache
def _stub() -> tuple[Callable[[int], int], mmap.mmap]:
    """The function, and the memory that it lies in."""
    memory = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    memory.write(bytes.fromhex(_STUBS[platform.machine()]))
    prototype = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_void_p)
    return prototype(ctypes.addressof(ctypes.c_char.from_buffer(memory))), memory
