"""Suggested field maps as TOML, for the gateway's configuration file."""

from collections.abc import Mapping, Sequence

from gateway.contract.findings import Finding
from gateway.contract.suggestions import Suggestion


def as_toml(suggestions: Mapping[str, Suggestion], merged: Mapping[str, Sequence[Finding]]) -> str:
    """Return the tables to paste; empty if no field lacks its member.

    A table has the configured names that fit, and the guesses, marked as guesses. Further
    candidates are in comments, so that nobody configures them unread.
    """
    return "\n".join(
        _table(name, suggestion, {found.name: found for found in merged[name]})
        for name, suggestion in suggestions.items()
    )


def _table(name: str, suggestion: Suggestion, findings: Mapping[str, Finding]) -> str:
    lines = [f"[field_map.{name}]"]
    lines += [f'{field} = "{member}"' for field, member in suggestion.kept.items()]
    for field, member in suggestion.guesses.items():
        found = findings[member]
        lines.append(f'{field} = "{member}"  # a guess, in {found.filled} of {found.of}')
    for field, members in suggestion.open.items():
        lines.append(f"# {field}: {_possible(members)}")
    return "\n".join(lines) + "\n"


def _possible(members: Sequence[str]) -> str:
    if not members:
        return "no unmapped member has its type"
    return f"perhaps {' or '.join(members)}, unmapped and of its type"
