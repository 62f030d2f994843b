"""A method as a run or a suite names it: a name and parameters."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, model_validator

from hardball.core.text import called, printed, scalar
from hardball.methods import registry


class Method(BaseModel):
    """A method with parameters of its own: `siblings`, or `{name: cousins, k: 2}`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    params: dict[str, bool | int | float | str] = {}

    @model_validator(mode="before")
    @classmethod
    def _from_yaml(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"name": value}
        if isinstance(value, dict) and "params" not in value:
            return {
                "name": value.get("name"),
                "params": {k: v for k, v in value.items() if k != "name"},
            }
        return value

    def resolved(self, kind: registry.Kind) -> Self:
        """The same method with every default filled in; unknown names and parameters raise."""
        return self.model_copy(update={"params": registry.parameters(kind, self.name, self.params)})

    @classmethod
    def read(cls, text: str, kind: registry.Kind) -> Self:
        """The method that rows print as `text`, with every default filled in.

        A parameter is read as its type says: text stands as it is, everything else is YAML.

        >>> Method.read("cousins(k=2)", "sampler").params["k"]
        2

        Raises HardballError on other text, and as `resolved` does.
        """
        name, given = called(text)
        declared = registry.entry(kind, name).parameters
        params = {
            key: value if isinstance(declared.get(key, ""), str) else scalar(value)
            for key, value in given.items()
        }
        return cls(name=name, params=params).resolved(kind)

    def __str__(self) -> str:
        return printed(self.name, self.params)
