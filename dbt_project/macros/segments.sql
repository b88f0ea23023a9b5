{#- The segments every fact carries. The customer's hold as of the event. -#}
{% macro customer_segments() %}
    {{- return(['country', 'region', 'plan', 'industry', 'size_band', 'acquisition_channel']) -}}
{% endmacro %}

{#- Those that the customer takes from its account where it has none of its own. -#}
{% macro account_segments() %}{{ return(['country', 'industry', 'size_band']) }}{% endmacro %}

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

{#- The same for an event that may name an account instead of a customer. -#}
{% macro party_segment_columns(customer, account) -%}
    {%- for segment in customer_segments() %}
        {%- if segment in account_segments() %}
        coalesce({{ customer }}.{{ segment }}, {{ account }}.{{ segment }}, 'unknown') as {{ segment }},
        {%- else %}
        coalesce({{ customer }}.{{ segment }}, 'unknown') as {{ segment }},
        {%- endif %}
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

{#- The same for the account of an event without a customer. -#}
{% macro account_holds_at(account, account_id, customer_id, instant) -%}
{{ customer_id }} is null
        and {{ account }}.account_id = {{ account_id }}
        and {{ account }}.valid_from <= {{ instant }}
        and ({{ account }}.valid_to is null or {{ instant }} < {{ account }}.valid_to)
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

{#- By which segments each benchmark weights. One that weights by nothing has no row, and its answers
    keep their design weight. -#}
{% macro cell_segments() -%}
select
        benchmark_id,
        {%- for segment in customer_segments() %}
        max({{ one_if("segment = '" ~ segment ~ "'") }}) as is_by_{{ segment }},
        {%- endfor %}
        count(*) as segment_count
    from {{ source('declared', 'benchmark_weight') }}
    group by benchmark_id
{%- endmacro %}
