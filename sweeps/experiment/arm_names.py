"""What an arm may be called: its folder lies beside the program's own files."""

from collections.abc import Collection

#: What lies in an experiment's folder beside its arms.
RESERVED = frozenset(
    {"stop", "storage", "lock", "wandb", "report", "damaged", "folder_id"}
    | {"experiment.yaml", "study.journal", "ledger.jsonl", "coordinator.json", "data.json"}
)

#: How the names begin of which there may be several.
RESERVED_STARTS = ("study.journal.", "changes-")


def check_arm_names(names: Collection[str]) -> None:
    """Refuse names that are the program's own, in whatever letters, and those that some disks take for one.

    Raises:
        ValueError: names the arm.
    """
    for name in names:
        if name.casefold() in RESERVED or name.casefold().startswith(RESERVED_STARTS):
            raise ValueError(f"an arm cannot be called '{name}': the experiment's folder has a file of that name")
    if len({name.casefold() for name in names}) < len(names):
        raise ValueError("two arms have names that differ in capitals alone; some disks take them for one")
