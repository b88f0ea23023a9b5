{#- The first instant that is not known yet: midnight UTC after the day `as_of`. No model reads a clock. -#}
{% macro as_of_end() %}
    {%- set as_of = var('as_of', none) -%}
    {%- if as_of is none and execute -%}
        {{ exceptions.raise_compiler_error(
            "`as_of` is missing. Mend: pass --vars '{as_of: \"2026-07-05\"}'"
        ) }}
    {%- endif -%}
    {{- midnight_after((as_of or '1970-01-01') ~ '') -}}
{%- endmacro %}

{% macro midnight_after(day) -%}
    {%- set next = modules.datetime.date.fromisoformat(day) + modules.datetime.timedelta(1) -%}
    cast('{{ next }} 00:00:00' as {{ t_instant() }})
{%- endmacro %}

{#- An instant that lies after `as_of` has not happened yet: null. -#}
{% macro known(instant) -%}
case when {{ instant }} < {{ as_of_end() }} then {{ instant }} end
{%- endmacro %}
