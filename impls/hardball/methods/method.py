"""A method as a run or a suite names it: a name and parameters."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, model_validator

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

    def __str__(self) -> str:
        inner = ",".join(f"{k}={v}" for k, v in self.params.items())
        return f"{self.name}({inner})" if inner else self.name
