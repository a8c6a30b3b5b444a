"""What Windows does otherwise than Linux and macOS. Standard library only; knows nothing.

Laptops may have any of the three; hosts are Debian.
"""

import sys

if sys.platform == "win32":
    from .windows import IS_WINDOWS, inherited, set_mode, sync_folder, try_lock, user_id
else:
    from .posix import IS_WINDOWS, inherited, set_mode, sync_folder, try_lock, user_id

__all__ = ["IS_WINDOWS", "inherited", "set_mode", "sync_folder", "try_lock", "user_id"]
