"""What an analyst without a shell may do over ssh: pull, push to ``user/``, read by sftp.

``parse`` turns a command line into one of three plain values or refuses it; ``main`` is the
program that sshd forces. Standard library only: it starts for every transfer.
"""

from .grammar import Refusal, Rsync, Sftp, parse
from .program import main

__all__ = ["Refusal", "Rsync", "Sftp", "main", "parse"]
