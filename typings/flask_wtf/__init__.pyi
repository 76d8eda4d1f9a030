# Flask-WTF has no types of its own; those of WTForms come from types-WTForms. Only what is used here.
from collections.abc import Mapping
from typing import Any

from flask_wtf.csrf import CSRFProtect as CSRFProtect
from wtforms import Field, Form
from wtforms.fields import HiddenField
from wtforms.meta import DefaultMeta, _MultiDictLike

class FlaskForm(Form):
    class Meta(DefaultMeta): ...

    csrf_token: HiddenField
    def __init__(
        self,
        formdata: _MultiDictLike | None = ...,
        obj: object | None = ...,
        prefix: str = ...,
        data: Mapping[str, Any] | None = ...,
        meta: Mapping[str, Any] | None = ...,
        **values: Any,
    ) -> None: ...
    def is_submitted(self) -> bool: ...
    def validate_on_submit(self, extra_validators: Mapping[str, Any] | None = ...) -> bool: ...
    def hidden_tag(self, *fields: Field | str) -> str: ...
