{#- The segments every fact carries. The customer's hold as of the event. -#}
{% macro customer_segments() %}
    {{- return(['country', 'region', 'plan', 'industry', 'size_band', 'acquisition_channel']) -}}
{% endmacro %}

{% macro event_segments() %}
    {{- return(['channel', 'touchpoint', 'business_unit', 'delivery_punctuality']) -}}
{% endmacro %}

{% macro segments() %}{{ return(customer_segments() + event_segments()) }}{% endmacro %}

{#- Select-list items of the customer's segments, from a row of dim_customers that may be absent. -#}
{% macro customer_segment_columns(relation) -%}
    {%- for segment in customer_segments() %}
        coalesce({{ relation }}.{{ segment }}, 'unknown') as {{ segment }},
    {%- endfor %}
{%- endmacro %}

{#- Select-list items of the event's segments, from a mapping segment → expression. -#}
{% macro event_segment_columns(expressions) -%}
    {%- for segment in event_segments() %}
        {%- if segment in expressions %}
        coalesce(nullif({{ expressions[segment] }}, ''), 'unknown') as {{ segment }},
        {%- else %}
        'unknown' as {{ segment }},
        {%- endif %}
    {%- endfor %}
{%- endmacro %}

{#- The join condition "as of": the customer's row whose range holds the instant. -#}
{% macro holds_at(customer, customer_id, instant) -%}
{{ customer }}.customer_id = {{ customer_id }}
        and {{ customer }}.valid_from <= {{ instant }}
        and ({{ customer }}.valid_to is null or {{ instant }} < {{ customer }}.valid_to)
{%- endmacro %}

{#- The value of the segment that `name` holds: 'all' for the total, null for an unknown name. -#}
{% macro segment_value(name, relation) -%}
case {{ name }}
            when 'all' then 'all'
            {%- for segment in segments() %}
            when '{{ segment }}' then {{ relation }}.{{ segment }}
            {%- endfor %}
        end
{%- endmacro %}

{#- One text per combination of the customer segments that a benchmark weights by. -#}
{% macro weighting_cell(relation, cell_segments) -%}
{%- for segment in customer_segments() %}
        case when {{ cell_segments }}.is_by_{{ segment }} = 1 then {{ relation }}.{{ segment }} else '' end
        {{- " || '|' ||" if not loop.last }}
{%- endfor %}
{%- endmacro %}
