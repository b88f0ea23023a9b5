{#- Everything that differs between warehouses stands in this file, and nowhere else.
    A new warehouse brings one body per macro, named `<adapter>__<macro>`. -#}

{% macro t_double() %}{{ return(adapter.dispatch('t_double', 'cxloop')()) }}{% endmacro %}
{% macro duckdb__t_double() %}double{% endmacro %}

{% macro t_string() %}{{ return(adapter.dispatch('t_string', 'cxloop')()) }}{% endmacro %}
{% macro duckdb__t_string() %}varchar{% endmacro %}

{#- An instant in UTC without a zone: arithmetic on it never asks for the session's zone. -#}
{% macro t_instant() %}{{ return(adapter.dispatch('t_instant', 'cxloop')()) }}{% endmacro %}
{% macro duckdb__t_instant() %}timestamp{% endmacro %}

{% macro to_double(expression) %}cast({{ expression }} as {{ t_double() }}){% endmacro %}

{% macro ratio(numerator, denominator) %}
{{- return(adapter.dispatch('ratio', 'cxloop')(numerator, denominator)) -}}
{% endmacro %}
{% macro duckdb__ratio(numerator, denominator) -%}
({{ to_double(numerator) }} / nullif({{ to_double(denominator) }}, 0))
{%- endmacro %}

{% macro add_days(instant, days) %}
{{- return(adapter.dispatch('add_days', 'cxloop')(instant, days)) -}}
{% endmacro %}
{% macro duckdb__add_days(instant, days) -%}
({{ instant }} + to_days(cast({{ days }} as integer)))
{%- endmacro %}

{% macro add_months(day, months) %}
{{- return(adapter.dispatch('add_months', 'cxloop')(day, months)) -}}
{% endmacro %}
{% macro duckdb__add_months(day, months) -%}
cast({{ day }} + to_months(cast({{ months }} as integer)) as date)
{%- endmacro %}

{% macro month_of(instant) %}{{ return(adapter.dispatch('month_of', 'cxloop')(instant)) }}{% endmacro %}
{% macro duckdb__month_of(instant) -%}
cast(date_trunc('month', {{ instant }}) as date)
{%- endmacro %}

{% macro minutes_between(start_at, end_at) %}
{{- return(adapter.dispatch('minutes_between', 'cxloop')(start_at, end_at)) -}}
{% endmacro %}
{% macro duckdb__minutes_between(start_at, end_at) -%}
(cast(date_diff('microsecond', {{ start_at }}, {{ end_at }}) as double) / 60000000.0)
{%- endmacro %}

{#- The same bucket on every warehouse: the first eight hex digits of md5, modulo `buckets`. -#}
{% macro hash_bucket(text, buckets) %}
{{- return(adapter.dispatch('hash_bucket', 'cxloop')(text, buckets)) -}}
{% endmacro %}
{% macro duckdb__hash_bucket(text, buckets) -%}
(cast('0x' || substring(md5({{ text }}), 1, 8) as bigint) % {{ buckets }})
{%- endmacro %}
