{#- The join condition of a clock: the one segment of the calendar in which the instant lies. -#}
{% macro is_read_at(segment, calendar_id, instant) -%}
{{ segment }}.calendar_id = {{ calendar_id }}
        and {{ segment }}.segment_date = cast({{ instant }} as date)
        and {{ segment }}.starts_at <= {{ instant }}
        and {{ instant }} < {{ segment }}.ends_at
{%- endmacro %}

{#- What the clock shows at an instant of the segment: open minutes since the calendar began. -#}
{% macro clock_reading(segment, instant) -%}
({{ segment }}.open_minutes_before + case
            when {{ segment }}.is_open then {{ minutes_between(segment ~ '.starts_at', instant) }}
            else 0
        end)
{%- endmacro %}

{#- Open minutes between two readings; null where either is unknown. -#}
{% macro open_minutes_between(start_segment, start_at, end_segment, end_at) -%}
{{ clock_reading(end_segment, end_at) }} - {{ clock_reading(start_segment, start_at) }}
{%- endmacro %}
