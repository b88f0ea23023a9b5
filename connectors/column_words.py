"""Words in columns' names that tell what a table is about and which field a column fills."""

from __future__ import annotations

import re

# words that tell what a table is about; the first record with most of them is proposed
SIGNATURES = {
    "feedback": r"score|rating|review|respon|satisf|(^|_)nps|csat|comment|survey|評価|満足|回答",
    "interaction": r"ticket|case|call|chat|complain|priority|agent|assignee|issue|dispute"
    r"|submitted_via|問い合わせ|受付",
    "order": r"order|invoice|amount|price|purchas|delivered|currency|注文|金額",
    "exposure": r"variant|(^|_)arm($|_)|experiment|expos",
    "invitation": r"invit|bounce|opened|delivered|招待",
    "usage": r"usage|active_days|events|feature|logins|利用",
    "customer": r"customer|contract|plan|tenure|signup|region|churn|顧客|会員|契約",
    "account": r"account|company|industry|法人|企業",
}
EMPLOYEES = re.compile(r"^employee|社員|従業員")
FIELD_WORDS = {
    "response_id": r"(respon|answer|review|submission|feedback|comment|survey)\w*_(id|no)$"
    r"|回答.*(id|番号)",
    "interaction_id": r"(ticket|case|call|chat|complaint|conversation|interaction)\w*"
    r"_(id|no|number)$",
    "order_id": r"(order|invoice|transaction|booking|purchase)\w*_(id|no|number)$|注文.*(id|番号)",
    "invitation_id": r"invit\w*_id$",
    "employee_id": r"(employee|staff)\w*_(id|no|number)$|社員|従業員",
    "customer_id": r"(customer|client|user|member|respondent|person|contact|subscriber|patient)"
    r"\w*_(id|no|number)$|^customer$|(顧客|会員).*(id|番号)?$",
    "account_id": r"(account|company|organi[sz]ation|org|firm)(_id|_no)?$|企業|会社",
    "experiment_id": r"experiment|(^|_)test($|_)|(^|_)exp($|_)",
    "unit_id": r"(^|_)(unit|subject|customer|user|visitor)($|_)",
    "variant": r"variant|(^|_)arm($|_)|(^|_)group($|_)",
    "comment": r"comment|verbatim|narrative|message|text|remark|answer|コメント|自由|意見",
    "language": r"lang|言語",
    "channel": r"channel|(^|_)via($|_)|medium|チャネル",
    "business_unit": r"store|branch|shop|unit|location|trust|seller|店舗|支店",
    "country": r"country|国",
    "region": r"region|(^|_)area($|_)|state$|prefecture|province|地域|都道府県",
    "plan": r"plan|tier|contract|package|プラン|契約",
    "industry": r"industry|sector|業種",
    "size_band": r"size|規模",
    "acquisition_channel": r"acqui|referr|utm",
    "topic": r"topic|category|issue|reason|product$|分類|種別",
    "priority": r"priority|urgen|優先",
    "status": r"status|resolution|outcome|response|ステータス|状態",
    "agent_id": r"agent|assignee|operator|担当",
    "team": r"team|group|department|部署",
    "feature": r"feature|module|機能",
    "active_days": r"active_?days",
    "event_count": r"count|events|uses|logins|回数",
    "amount": r"amount|total|price|value|revenue|金額|合計",
    "currency": r"currency|通貨",
    "valid_from": r"valid_from|effective|as_of|snapshot|有効",
    "joined_at": r"join|sign_?up|register|登録",
    "churned_at": r"churn|cancel|left|解約",
    "opened_at": r"open|creat|receiv|start|submitted|受付",
    "ordered_at": r"order|purchas|plac|creat|(^|_)date|注文",
    "promised_at": r"promis|estimat|due|予定",
    "delivered_at": r"deliver\w*(customer|at$|date)|配達|配送",
    "canceled_at": r"cancel|キャンセル",
    "invited_at": r"invit|sent|招待|送信",
    "answered_at": r"answer|respon|回答",
    "responded_at": r"respon|answer|submit|complet|finish|creat|(^|_)date|回答|日",
    "usage_date": r"date|day|month|week|日|月",
    "exposed_at": r"expos|seen|at$|date",
    "assigned_at": r"assign|enrol",
    "version": r"(^|_)upd|modif|chang|更新",
    "deleted_at": r"delet|remov|削除",
}
