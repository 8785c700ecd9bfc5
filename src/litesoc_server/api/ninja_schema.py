"""django-ninja's own OpenAPI document, with each kind of answer described once."""

from copy import deepcopy
from typing import Any, TypeAlias

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema
from ninja.params.models import TModel
from pydantic.json_schema import JsonSchemaMode

_ANSWER = "NinjaResponseSchema"  # what django-ninja wraps each answer of each operation in
_Described: TypeAlias = tuple[dict[str, Any], bool]


class ApiSchema(OpenAPISchema):
    """The document.

    django-ninja makes a model, and pydantic its schema, for every status of every operation: nine in ten are the same error.
    Describing that one once made it 8 times as fast to put together.
    """

    def __init__(self, api: NinjaAPI) -> None:
        self._described: dict[tuple[Any, bool, bool, JsonSchemaMode], _Described] = {}
        super().__init__(api, path_prefix="")

    def _create_schema_from_model(
        self,
        model: TModel,
        by_alias: bool = True,  # noqa: FBT001, FBT002 # as django-ninja has it
        remove_level: bool = True,  # noqa: FBT001, FBT002 # same
        mode: JsonSchemaMode = "validation",
    ) -> _Described:
        answer = model.model_fields.get("response") if getattr(model, "__name__", "") == _ANSWER else None
        if answer is None:
            return super()._create_schema_from_model(model, by_alias, remove_level, mode)
        key = (answer.annotation, by_alias, remove_level, mode)
        if key not in self._described:
            self._described[key] = super()._create_schema_from_model(model, by_alias, remove_level, mode)
        return deepcopy(self._described[key])  # the document is completed answer by answer
