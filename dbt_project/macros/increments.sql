{#- A build of what has changed. Python passes `increment` when nothing that stood in the lake at the
    last build was rewritten or is gone: the day that build knew (`as_of`) and the partitions that are
    new (`partitions`, pairs of source and load date). Without it every model is a table, built whole.
    docs/measure.md says which rows are made anew, and why that is all of them. -#}
{% macro is_increment() %}{{ return(var('increment', none) is not none) }}{% endmacro %}

{#- Records whose rows are replaced by id, and the instants at which one of their rows may change
    because the as-of day has passed them. `staged_whole` ones are only watched. -#}
{% macro changing_records() %}
    {{- return({
        'feedback': {'id': 'response_id', 'instants': ['responded_at']},
        'invitation': {
            'id': 'invitation_id',
            'instants': ['eligible_at', 'invited_at', 'delivered_at', 'opened_at', 'answered_at'],
        },
        'customer': {'id': 'customer_id', 'instants': ['valid_from', 'joined_at', 'churned_at']},
        'account': {'id': 'account_id', 'instants': ['valid_from'], 'staged_whole': true},
        'interaction': {'id': 'interaction_id', 'instants': ['opened_at']},
        'interaction_event': {'id': 'interaction_id', 'instants': ['occurred_at']},
        'interaction_turn': {
            'id': 'interaction_id', 'instants': ['started_at'], 'staged_whole': true,
        },
        'order': {'id': 'order_id', 'instants': ['ordered_at', 'delivered_at', 'canceled_at']},
        'usage': {'id': 'customer_id', 'instants': ['usage_date']},
    }) -}}
{% endmacro %}

{#- Facts whose rows are replaced by the id that `facts()` names. All others are built whole. -#}
{% macro changing_facts() %}
    {{- return([
        'fct_survey_responses', 'fct_survey_eligibilities', 'fct_invitations', 'fct_interactions',
        'fct_orders', 'fct_usage', 'fct_customer_months', 'fct_customer_lifetimes',
        'fct_customer_value', 'fct_contact_costs', 'fct_acquisitions',
    ]) -}}
{% endmacro %}

{#- The first instant that the last build did not know. -#}
{% macro known_before() -%}
{{ midnight_after(var('increment').as_of) }}
{%- endmacro %}

{#- Whether an instant lies between the last build's as-of day and this one's. -#}
{% macro passed_since(instant) -%}
({{ instant }} >= {{ known_before() }} and {{ instant }} < {{ as_of_end() }})
{%- endmacro %}

{#- Whether a window that ends at `instant` has closed since: it counts when it ends by the as-of day. -#}
{% macro closed_since(instant) -%}
({{ instant }} > {{ known_before() }} and {{ instant }} <= {{ as_of_end() }})
{%- endmacro %}

{#- Whether a month has ended since: then each customer has a month more. -#}
{% macro month_ended_since() %}
    {%- set day = modules.datetime.date.fromisoformat -%}
    {%- set one = modules.datetime.timedelta(1) -%}
    {%- set before, after = day(var('increment').as_of) + one, day(var('as_of')) + one -%}
    {{- return((before.year, before.month) != (after.year, after.month)) -}}
{% endmacro %}

{#- Whether a half-year has ended since: then each customer has one more. -#}
{% macro half_year_ended_since() %}
    {%- set day = modules.datetime.date.fromisoformat -%}
    {%- set one = modules.datetime.timedelta(1) -%}
    {%- set before, after = day(var('increment').as_of) + one, day(var('as_of')) + one -%}
    {%- set halves = [(before.year, (before.month - 1) // 6), (after.year, (after.month - 1) // 6)] -%}
    {{- return(halves[0] != halves[1]) -}}
{% endmacro %}

{#- Whether a row of a raw record lies in a partition that is new. -#}
{% macro is_in_new_partition() -%}
{%- for source, load_date in var('increment').partitions %}
        {{ 'or ' if not loop.first }}(
            source = '{{ source }}' and cast(load_date as {{ t_string() }}) = '{{ load_date }}'
        )
{%- else %}
        1 = 0
{%- endfor %}
{%- endmacro %}

{#- The ids of a record whose rows are made anew. -#}
{% macro changed_ids(record) -%}
select id from {{ ref('int_ids_changed') }} where record_name = '{{ record }}'
{%- endmacro %}

{#- The ids of a fact whose rows are made anew. -#}
{% macro changed_rows(fact) -%}
select id from {{ ref('int_rows_changed') }} where fact_name = '{{ fact }}'
{%- endmacro %}

{#- Customers of whom rows are made anew that did not change themselves, by what they have in common:
    a next contact, a next purchase, a month more. -#}
{% macro affected_customers(way) -%}
select id from {{ ref('int_customers_affected') }} where way = '{{ way }}'
{%- endmacro %}

{#- The ids of a fact of money whose rows are made anew because of what others have spent or cost. -#}
{% macro changed_money(fact) -%}
select id from {{ ref('int_money_changed') }} where fact_name = '{{ fact }}'
{%- endmacro %}

{#- The units with a row of a fact that was replaced or that replaces one. -#}
{% macro touched_units(fact) -%}
select unit_id from {{ ref('int_units_touched') }} where fact_name = '{{ fact }}'
{%- endmacro %}

{#- The table of the last build, which this build has not replaced yet. -#}
{% macro table_before(name) -%}
{{ this.incorporate(path={'identifier': name}) }}
{%- endmacro %}

{#- At the head of a model: its rows are replaced where `condition` holds, and all others stay. -#}
{% macro replace_where(condition) -%}
{%- if is_increment() -%}
    {{- config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='fail',
        pre_hook=removal_of_rows(condition),
    ) -}}
{%- endif -%}
{%- endmacro %}

{% macro replaces_ids_of(record) -%}
{{- replace_where(
    changing_records()[record].id ~ " in ({{ changed_ids('" ~ record ~ "') }})"
) -}}
{%- endmacro %}

{% macro replaces_rows_of(fact) -%}
{{- replace_where(facts()[fact].id ~ " in ({{ changed_rows('" ~ fact ~ "') }})") -}}
{%- endmacro %}

{#- After a table of a fact's rows: only those that are made anew. -#}
{% macro only_changed_rows_of(fact, id=none, word='where') -%}
{%- if is_increment() -%}
{{ word }} {{ id or facts()[fact].id }} in ({{ changed_rows(fact) }})
{%- endif -%}
{%- endmacro %}
