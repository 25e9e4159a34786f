"""The report for a terminal."""

import textwrap
from collections.abc import Iterator, Sequence

from gateway.contract import wording
from gateway.contract.diagnosis import CallOutcome
from gateway.contract.examination import Examination, Examined, Status, apart
from gateway.contract.field_maps import as_toml
from gateway.contract.findings import Finding, Standing
from gateway.contract.names import shown_name
from gateway.contract.wording import Surroundings
from resolvers.payex.api.routes import Kind

_WIDTH = 98


def as_text(examination: Examination, seen: Surroundings) -> str:
    """Return the report, for a terminal of 100 columns."""
    blocks = [
        _heading(examination, seen),
        _routes(examination, seen),
        _problems(examination),
        _members(examination),
        _unmapped(examination),
        _not_missed(examination),
        _differences(examination),
        _field_map(examination),
        _faults(examination),
        _result(examination),
    ]
    texts = ["\n".join(line.rstrip() for line in block) for block in blocks]
    return "\n\n".join(filter(None, texts)) + "\n"


def _heading(examination: Examination, seen: Surroundings) -> Iterator[str]:
    if seen.origin is None:
        yield "Checked  the embedded sandbox, because GATEWAY_UPSTREAM_ORIGIN is not set: an"
        yield "         example of a report that says nothing about PayEx"
    else:
        yield f"Checked  {seen.origin}"
    yield from _wrap(wording.tls_words(examination, seen), "TLS      ")
    yield f"Token    {wording.token_words(examination)}"


def _routes(examination: Examination, seen: Surroundings) -> Iterator[str]:
    yield _row(f"ROUTES below /billing/{seen.subdomain}/v1/{{ownerNo}}", "ANSWER", "MEMBERS")
    before = ""
    for one in examination.examined:
        if one.visit.probe is None:
            reason = one.visit.diagnosis.words
            left_out = one.visit.diagnosis.outcome is CallOutcome.NOT_ASKED
            text = reason if left_out else _counts(one)
            yield _row(
                f"  {_branch(one)}", wording.outcome_words(one), text if text != before else ""
            )
            before = reason if left_out else ""


def _row(first: str, second: str, third: str) -> str:
    return f"{first:43} {second:15} {third}"


def _branch(one: Examined) -> str:
    """Return a route's last part, indented below its parent's."""
    template = one.visit.route.template
    depth = template.count("/") - 2
    return template if depth <= 0 else "  " * depth + "/" + template.rsplit("/", 1)[1]


def _counts(one: Examined) -> str:
    if one.visit.diagnosis.outcome is not CallOutcome.ANSWERED:
        return wording.problem_words(one)
    section = one.sections[-1]
    if not section.of:
        return "nothing listed"
    known = [found for found in section.findings if found.standing is not Standing.UNMAPPED]
    count = sum(found.standing is Standing.FOUND for found in known)
    more = len(section.findings) - len(known)
    text = f"{count} of {len(known)} found" + (f", {more} unmapped" if more else "")
    return text + (f", in {section.of} listed" if section.title else "")


def _problems(examination: Examination) -> Iterator[str]:
    yield _row("PROBLEMS, provoked on purpose", "ANSWER", "PROBLEM")
    for one in examination.examined:
        if one.visit.probe is not None:
            problem = wording.problem_words(one)
            yield _row(f"  {wording.probe_words(one)}", wording.outcome_words(one), problem)


def _members(examination: Examination) -> Iterator[str]:
    if not any(one.visit.diagnosis.outcome is CallOutcome.ANSWERED for one in examination.examined):
        return
    yield "MEMBERS found, by type"
    for one in examination.examined:
        route = one.visit.route
        answered = one.visit.probe is None and one.visit.diagnosis.outcome is CallOutcome.ANSWERED
        if answered and route.kind in {Kind.HOLDER, Kind.SUBSCRIPTIONS}:
            pairs = [(wording.place(f, s), f) for s in one.sections for f in s.findings]
            yield from _by_type(f"{route.template} (documented)", pairs)
    for name, findings in examination.merged.items():
        if findings:
            title = f"{name.replace('_', '-')}, each item (assumed)"
            yield from _by_type(title, [(_read_as(found), found) for found in findings])


def _read_as(found: Finding) -> str:
    mapped = found.field not in {"", found.name}
    return shown_name(found.name) + (f" (read as {found.field})" if mapped else "")


def _by_type(title: str, members: Sequence[tuple[str, Finding]]) -> Iterator[str]:
    yield f"  {title}"
    by_type: dict[str, list[str]] = {}
    for name, found in members:
        if found.standing is Standing.FOUND:
            by_type.setdefault(wording.type_of(found), []).append(name + wording.share(found))
    width = max(map(len, by_type), default=0)
    for words, names in by_type.items():
        yield from _wrap(", ".join(names), f"    {words:{max(width, 10)}} ")


def _unmapped(examination: Examination) -> Iterator[str]:
    lines = dict.fromkeys(
        f"  {_branch(one).strip()} {wording.place(found, section)}: {wording.describe(found)}"
        for one in examination.examined
        for section in one.sections
        for found in section.findings
        if found.standing is Standing.UNMAPPED
    )
    if lines:
        yield "UNMAPPED members: no field has them; clients can read them in `raw`"
        yield from lines


def _not_missed(examination: Examination) -> Iterator[str]:
    names = [
        f"{name.replace('_', '-')}: {found.field}"
        for name, findings in examination.merged.items()
        for found in findings
        if found.standing is Standing.MISSING and not found.differs
    ]
    if names:
        yield "MISSING members that are not differences: not all usage has them"
        yield from (f"  {name}" for name in names)


def _differences(examination: Examination) -> Iterator[str]:
    if examination.status is not Status.DIFFERS:
        return
    yield "DIFFERENCES"
    for one in examination.examined:
        if one.differs:
            yield from _difference(one)


def _difference(one: Examined) -> Iterator[str]:
    probe = f", {wording.probe_words(one)}" if one.visit.probe else ""
    yield f"  {one.visit.route.template}{probe}"
    yield from _wrap(one.visit.diagnosis.words, "    ")
    for section in one.sections:
        for found in section.findings:
            if found.differs:
                text = f"{wording.place(found, section)}: {wording.describe(found)}"
                yield from _wrap(text, "    ")
    answer = wording.problem_words(one) or wording.outcome_words(one)
    if expected := wording.expected_words(one):
        yield from _wrap(f"expected: {expected}; found: {answer}", "    ")
    elif one.visit.diagnosis.outcome is CallOutcome.PROBLEM:
        yield from _wrap(f"found: {answer}", "    ")


def _field_map(examination: Examination) -> Iterator[str]:
    toml = as_toml(examination.suggestions, examination.merged)
    if not toml:
        return
    yield "FIELD MAP for the file of GATEWAY_CONFIG. It replaces the file's tables of these names."
    yield "Guesses are from names and types only: ask PayEx what a member means before you use one."
    yield ""
    yield toml
    if fields := apart(examination):
        text = f"Billed and unbilled usage differ in {', '.join(fields)}: one map serves both."
        yield from _wrap(text)


def _faults(examination: Examination) -> Iterator[str]:
    faults: dict[tuple[str, str], list[str]] = {}
    for one in examination.examined:
        if one.visit.diagnosis.outcome is not CallOutcome.NOT_ASKED:
            key = (one.visit.diagnosis.words, wording.advice(one))
            faults.setdefault(key, []).append(one.visit.route.template)
    faults.pop(("", ""), None)
    if faults:
        yield "WHAT TO DO"
    for (words, advice), templates in faults.items():
        routes = list(dict.fromkeys(templates))
        more = f" and {len(routes) - 1} more" if len(routes) > 1 else ""
        yield from _wrap(f"{routes[0]}{more}", "  ")
        yield from _wrap(f"{words} {advice}".strip(), "    ")


def _result(examination: Examination) -> Iterator[str]:
    yield f"Result   {wording.result_words(examination)}"
    yield f"Exit     {examination.status.value}"


def _wrap(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=" " * len(indent),
        break_on_hyphens=False,
    )
