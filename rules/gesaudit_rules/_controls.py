"""Which clauses the rules about taking backups speak to: our reading of the published texts, not an assessment."""

from __future__ import annotations

from gesaudit import Control, direct, partial

_BACKUP = ("NIST SP 800-53r5 CP-9", "ISO/IEC 27001:2022 A.8.13", "CSA CCM v4 BCR-08")
_BACKUP_IN_PART = (
    "SOC 2 (TSC 2017) A1.2",
    "HIPAA 164.308(a)(7)(ii)(A)",
    "DORA Art. 12",
    "NIS2 Art. 21(2)(c)",
    "BSI C5:2020 OPS-07",
    "GB/T 22239-2019 8.1.4.9",
)


def backup_taken() -> tuple[Control, ...]:
    """Rules whose pass shows that a backup was taken as often as it must be."""
    return (*direct(*_BACKUP), *partial(*_BACKUP_IN_PART))


def backup_watched() -> tuple[Control, ...]:
    """Rules whose pass shows a part of that."""
    return partial(*_BACKUP, *_BACKUP_IN_PART)
