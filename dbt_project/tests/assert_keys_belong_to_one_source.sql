{{ config(severity='warn') }}
-- Of two sources that use one key only the newest row is kept: prefix the ids in the mapping.
{%- for record, key in {
    'feedback': ['response_id', 'question_id'],
    'invitation': ['invitation_id'],
    'interaction': ['interaction_id'],
    'order': ['order_id'],
    'outcome': ['outcome_id'],
}.items() %}
{{ 'union all' if not loop.first }}
select
    '{{ record }}' as record,
    {{ key | join(" || ' ' || ") }} as record_key
from {{ source('raw', record) }}
group by {{ key | join(', ') }}
having min(source) <> max(source)
{%- endfor %}
