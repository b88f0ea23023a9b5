"""The canonical records: the border between vendors' shapes and our own.

Each record has a pinned Arrow schema: microsecond UTC timestamps, doubles, 64-bit integers, text.
Whatever a vendor sends, a file of ``raw`` has exactly these columns, in this order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

FieldType = Literal["text", "number", "integer", "flag", "instant", "day"]

ARROW_TYPES: dict[FieldType, pa.DataType] = {
    "text": pa.string(),
    "number": pa.float64(),
    "integer": pa.int64(),
    "flag": pa.bool_(),
    "instant": pa.timestamp("us", tz="UTC"),
    "day": pa.date32(),
}


@dataclass(frozen=True)
class RecordField:
    """One column: its name, type and meaning."""

    name: str
    type: FieldType
    meaning: str


@dataclass(frozen=True)
class Record:
    """One canonical record.

    Attributes:
        name: Singular noun; the folder under ``raw``.
        key: Fields that identify a row within a source; never null.
        occurred: The field that dates the row, for freshness and watermarks.
        fields: All columns in order, ``version`` and ``deleted_at`` last.
    """

    name: str
    key: tuple[str, ...]
    occurred: str
    fields: tuple[RecordField, ...]

    @property
    def schema(self) -> pa.Schema:
        """The pinned Arrow schema."""
        return pa.schema([pa.field(field.name, ARROW_TYPES[field.type]) for field in self.fields])

    def field(self, name: str) -> RecordField:
        """The field of that name; KeyError where there is none."""
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)


_VERSION = (
    RecordField("version", "instant", "When the source last changed the row; the newest wins"),
    RecordField("deleted_at", "instant", "When the source deleted the row; null while it lives"),
)


def _record(name: str, key: str, occurred: str, *fields: tuple[str, FieldType, str]) -> Record:
    own = tuple(RecordField(*field) for field in fields)
    return Record(name, tuple(key.split()), occurred, own + _VERSION)


_ALL = (
    _record(
        "feedback",
        "response_id question_id",
        "responded_at",
        ("response_id", "text", "One submission of one questionnaire, review or rating"),
        ("question_id", "text", "The question answered, as declared in the survey"),
        ("survey_id", "text", "The declared survey"),
        ("customer_id", "text", "Who answered; null when anonymous"),
        ("account_id", "text", "The company the respondent belongs to"),
        ("invitation_id", "text", "The invitation this answers; null when unsolicited"),
        ("interaction_id", "text", "The ticket, call or chat that the answer is about"),
        ("order_id", "text", "The order that the answer is about"),
        ("kind", "text", "nps, csat, ces, rating or comment"),
        ("scale_min", "number", "Lowest value of the scale as asked"),
        ("scale_max", "number", "Highest value of the scale as asked"),
        ("is_high_good", "flag", "Whether the high end of the scale is the good one"),
        ("score", "number", "The answer on the scale as asked; null when not answered"),
        ("comment", "text", "Verbatim answer"),
        ("language", "text", "Language of the answer, ISO 639-1"),
        ("channel", "text", "How it was asked or received: email, web, app, phone, store"),
        ("touchpoint", "text", "Contact point of the journey, as declared"),
        ("journey_stage", "text", "awareness, interest, consideration, purchase, use or advocacy"),
        ("business_unit", "text", "Store, branch or trust that the answer is about"),
        ("is_relational", "flag", "True for the relationship as a whole, false for one event"),
        ("design_weight", "number", "Inverse of the sampling probability; null means 1"),
        ("responded_at", "instant", "When it was answered"),
    ),
    _record(
        "invitation",
        "invitation_id",
        "invited_at",
        ("invitation_id", "text", "One invitation of one person to one survey"),
        ("survey_id", "text", "The declared survey"),
        ("customer_id", "text", "Who was invited"),
        ("account_id", "text", "The company the person belongs to"),
        ("interaction_id", "text", "The ticket, call or chat that caused the invitation"),
        ("order_id", "text", "The order that caused the invitation"),
        ("mode", "text", "email, web, app, phone or letter"),
        ("touchpoint", "text", "Contact point of the journey"),
        ("is_relational", "flag", "Whether the survey is relational"),
        ("design_weight", "number", "Inverse of the sampling probability; null means 1"),
        ("invited_at", "instant", "When it was sent"),
        ("delivered_at", "instant", "When it was delivered; null when it bounced"),
        ("opened_at", "instant", "When it was opened"),
        ("answered_at", "instant", "When the answer arrived; null for nonresponse"),
    ),
    _record(
        "customer",
        "customer_id valid_from",
        "valid_from",
        ("customer_id", "text", "The person or household served"),
        ("valid_from", "instant", "From when the segments below hold"),
        ("account_id", "text", "The company the person belongs to"),
        ("country", "text", "ISO 3166-1 alpha-2"),
        ("region", "text", "Region as the company divides its market"),
        ("language", "text", "Preferred language, ISO 639-1"),
        ("plan", "text", "Product or subscription tier"),
        ("industry", "text", "Industry of the customer"),
        ("size_band", "text", "Size class of the customer"),
        ("acquisition_channel", "text", "How the customer was won"),
        ("joined_at", "instant", "Start of the relationship"),
        ("churned_at", "instant", "End of the relationship; null while it lasts"),
    ),
    _record(
        "account",
        "account_id",
        "opened_at",
        ("account_id", "text", "A company that buys"),
        ("country", "text", "ISO 3166-1 alpha-2"),
        ("industry", "text", "Industry"),
        ("size_band", "text", "Size class"),
        ("owner_team", "text", "Team that owns the account"),
        ("opened_at", "instant", "Start of the relationship"),
    ),
    _record(
        "interaction",
        "interaction_id",
        "opened_at",
        ("interaction_id", "text", "One ticket, call or chat"),
        ("customer_id", "text", "Who contacted us"),
        ("account_id", "text", "The company the person belongs to"),
        ("kind", "text", "ticket, call or chat"),
        ("channel", "text", "email, web, app, phone or store"),
        ("touchpoint", "text", "Contact point of the journey"),
        ("topic", "text", "What it was about, as the source classifies it"),
        ("priority", "text", "low, normal, high or urgent"),
        ("status", "text", "State at the version's time"),
        ("agent_id", "text", "Who is responsible"),
        ("team", "text", "The agent's team"),
        ("opened_at", "instant", "When the customer made contact"),
    ),
    _record(
        "interaction_event",
        "interaction_id event_id",
        "occurred_at",
        ("interaction_id", "text", "The ticket, call or chat"),
        ("event_id", "text", "One event of it"),
        ("kind", "text", "opened, assigned, replied, resolved, reopened or closed"),
        ("actor", "text", "customer, agent or bot"),
        ("agent_id", "text", "The agent who acted"),
        ("occurred_at", "instant", "When it happened"),
    ),
    _record(
        "order",
        "order_id",
        "ordered_at",
        ("order_id", "text", "One order, delivery or renewal invoice"),
        ("customer_id", "text", "Who ordered"),
        ("account_id", "text", "The company the person belongs to"),
        ("kind", "text", "purchase, subscription or renewal"),
        ("status", "text", "State at the version's time"),
        ("business_unit", "text", "Store or seller"),
        ("amount", "number", "Value in `currency`"),
        ("currency", "text", "ISO 4217"),
        ("design_weight", "number", "Inverse of the sampling probability; null means 1"),
        ("ordered_at", "instant", "When it was placed"),
        ("promised_at", "instant", "Delivery promised by the end of this day"),
        ("delivered_at", "instant", "When it was delivered"),
        ("canceled_at", "instant", "When it was canceled"),
    ),
    _record(
        "usage",
        "customer_id usage_date feature",
        "usage_date",
        ("customer_id", "text", "Who used the product"),
        ("usage_date", "day", "First day of the period counted"),
        ("feature", "text", "Part of the product"),
        ("account_id", "text", "The company the person belongs to"),
        ("active_days", "integer", "Days with any use in the period"),
        ("event_count", "integer", "Uses in the period"),
    ),
    _record(
        "web_session",
        "session_id",
        "started_at",
        ("session_id", "text", "One visit"),
        ("customer_id", "text", "Who visited; null when not recognised"),
        ("entry_page", "text", "First page"),
        ("page_count", "integer", "Pages seen"),
        ("is_self_resolved", "flag", "Whether a help visit ended without contact"),
        ("started_at", "instant", "When it began"),
        ("ended_at", "instant", "When it ended"),
    ),
    _record(
        "cost",
        "cost_id",
        "cost_date",
        ("cost_id", "text", "One booked amount"),
        ("cost_date", "day", "The day it falls on"),
        ("kind", "text", "support, acquisition or other"),
        ("team", "text", "The team that caused it"),
        ("amount", "number", "Value in `currency`"),
        ("currency", "text", "ISO 4217"),
    ),
    _record(
        "employee_feedback",
        "response_id question_id",
        "responded_at",
        ("response_id", "text", "One submission"),
        ("question_id", "text", "The question answered"),
        ("employee_id", "text", "Keyed hash of the employee"),
        ("team", "text", "The employee's team"),
        ("scale_min", "number", "Lowest value of the scale"),
        ("scale_max", "number", "Highest value of the scale"),
        ("is_high_good", "flag", "Whether the high end is the good one"),
        ("score", "number", "The answer on the scale as asked"),
        ("comment", "text", "Verbatim answer"),
        ("responded_at", "instant", "When it was answered"),
    ),
    _record(
        "outcome",
        "outcome_id",
        "due_at",
        ("outcome_id", "text", "One renewal decision, referral or declared goal"),
        ("customer_id", "text", "Whose outcome"),
        ("account_id", "text", "The company the person belongs to"),
        ("kind", "text", "renewal, referral or goal"),
        ("due_at", "instant", "When it was decided or due"),
        ("is_achieved", "flag", "Renewed, referred or reached; null while open"),
        ("value", "number", "Amount at stake"),
    ),
    _record(
        "exposure",
        "experiment_id unit_id variant",
        "exposed_at",
        ("experiment_id", "text", "The declared experiment"),
        ("unit_id", "text", "The unit of assignment"),
        ("variant", "text", "The arm"),
        ("assigned_at", "instant", "When the arm was drawn"),
        ("exposed_at", "instant", "First time the unit met the intervention or its absence"),
    ),
)

RECORDS: dict[str, Record] = {record.name: record for record in _ALL}
