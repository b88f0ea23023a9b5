{#- Money is never added across currencies: every amount is carried over to the programme's currency
    at the declared rate of its day. Without a rate it has no value there: null, and counted. -#}
{% macro rate_holds_on(rate, currency, day) -%}
{{ rate }}.currency = {{ currency }}
        and {{ rate }}.valid_from <= {{ day }}
        and ({{ rate }}.valid_before is null or {{ day }} < {{ rate }}.valid_before)
{%- endmacro %}

{#- The first day of the half-year (January to June, July to December) in which the day lies. -#}
{% macro half_year_of(day) -%}
{{ add_months(month_of(day), '-((cast(extract(month from ' ~ day ~ ') as integer) - 1) % 6)') }}
{%- endmacro %}
