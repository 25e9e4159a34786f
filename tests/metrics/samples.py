"""The samples of a page, as Prometheus reads them."""

from collections.abc import Mapping

from prometheus_client.parser import text_string_to_metric_families


class Samples:
    """What stands on a page.

    Attributes:
        families: type, text and the names of the labels of each metric, by the name by which it is
            told. Those of a histogram are without `le`.
        labels: the names of the labels of each sample's name.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.families: dict[str, tuple[str, str, set[str]]] = {}
        self.labels: dict[str, set[str]] = {}
        self._values: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}
        for family in text_string_to_metric_families(text):
            name = family.name + ("_total" if family.type == "counter" else "")
            labels = {label for sample in family.samples for label in sample.labels} - {"le"}
            self.families[name] = family.type, family.documentation, labels
            for sample in family.samples:
                self.labels.setdefault(sample.name, set()).update(sample.labels)
                series = sample.name, frozenset(sample.labels.items())
                assert series not in self._values, f"{series} stands there twice"
                self._values[series] = sample.value

    @property
    def values_of_all(self) -> Mapping[tuple[str, frozenset[tuple[str, str]]], float]:
        """The value of each sample by its name and labels."""
        return self._values

    def value(self, name: str, /, **labels: str) -> float:
        """Return the value of one series of ours."""
        return self._values[f"payex_usage_{name}", frozenset(labels.items())]

    def values(self, name: str, label: str) -> dict[str, float]:
        """Return the values of a metric of ours with one label, by that."""
        return {
            dict(labels)[label]: value
            for (known, labels), value in self._values.items()
            if known == f"payex_usage_{name}"
        }

    def __len__(self) -> int:
        return len(self._values)
