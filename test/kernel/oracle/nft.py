"""What nft does, in this process: starting the program takes longer than most of what it is asked for."""

import ctypes

try:
    _library = ctypes.CDLL("libnftables.so.1")
    _library.nft_ctx_new.restype = ctypes.c_void_p
    _library.nft_ctx_new.argtypes = [ctypes.c_uint32]
    _library.nft_ctx_free.argtypes = [ctypes.c_void_p]
    _library.nft_ctx_buffer_output.argtypes = [ctypes.c_void_p]
    _library.nft_ctx_buffer_error.argtypes = [ctypes.c_void_p]
    _library.nft_ctx_get_error_buffer.restype = ctypes.c_char_p
    _library.nft_ctx_get_error_buffer.argtypes = [ctypes.c_void_p]
    _library.nft_run_cmd_from_buffer.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
except OSError:
    _library = None


def load_nft(namespace, text):
    """`nft -f -` in the namespace: its exit code and what it complains of, but for the line."""
    if _library is None:
        code, _, error = namespace.run(["nft", "-f", "-"], text)
        return code, error
    with namespace:
        # Its socket belongs to the namespace in which it is made.
        context = _library.nft_ctx_new(0)
        try:
            _library.nft_ctx_buffer_output(context)
            _library.nft_ctx_buffer_error(context)
            code = _library.nft_run_cmd_from_buffer(context, text.encode())
            return code, (_library.nft_ctx_get_error_buffer(context) or b"").decode(errors="replace")
        finally:
            _library.nft_ctx_free(context)
