{#- The unit of an event: its customer, or the event itself where no customer is known. -#}
{% macro unit_of_event(fact, relation=none) -%}
    {%- set of = relation ~ '.' if relation else '' -%}
    {%- if facts()[fact].id == 'customer_id' -%}
{{ of }}customer_id
    {%- else -%}
coalesce({{ of }}customer_id, 'event ' || {{ of }}{{ facts()[fact].id }})
    {%- endif -%}
{%- endmacro %}

{#- The totals of a unit in a wave, and the moments of such totals over units. -#}
{% macro weighted_sums() %}
    {{- return(['sum_weight', 'sum_weight_squared', 'numerator', 'denominator']) -}}
{% endmacro %}

{% macro columns_of_moments() %}
    {{- return([
        'n_units', 'n_events', 'sum_weight', 'sum_weight_squared', 'mean_numerator',
        'mean_denominator', 'var_numerator', 'var_denominator', 'cov_numerator_denominator',
    ]) -}}
{% endmacro %}

{% macro is_weight_of(weight, cell) -%}
{{ cell }}.benchmark_id = {{ weight }}.benchmark_id
            and {{ cell }}.weight_survey_id = {{ weight }}.survey_id
            and {{ cell }}.weight_wave = {{ weight }}.wave
            and {{ cell }}.weight_cell = {{ weight }}.cell
{%- endmacro %}

{#- Columns of a weighting cell, times its weight: to the power of 2 where they are products of two. -#}
{% macro times_weight(relation, weight, powers) -%}
{%- for column, power in powers.items() %}
        {{ relation }}.{{ column }}
        {%- for _ in range(power) %} * coalesce({{ weight }}.nonresponse_weight, 1){% endfor %}
            as {{ column }}
        {{- ',' if not loop.last }}
        {%- endfor %}
{%- endmacro %}

{% macro weighted_totals(unit, weight) -%}
{{ unit }}.n_events,
        {{- times_weight(unit, weight, {
            'sum_weight': 1, 'sum_weight_squared': 2, 'numerator': 1, 'denominator': 1,
        }) }}
{%- endmacro %}

{% macro weighted_moments(cell, weight) -%}
{{ cell }}.n_units,
        {{ cell }}.n_events,
        {{- times_weight(cell, weight, {
            'sum_weight': 1, 'sum_weight_squared': 2, 'mean_numerator': 1, 'mean_denominator': 1,
            'var_numerator': 2, 'var_denominator': 2, 'cov_numerator_denominator': 2,
        }) }}
{%- endmacro %}

{% macro added_totals() -%}
sum(n_events) as n_events,
        {%- for total in weighted_sums() %}
        sum({{ total }}) as {{ total }}
        {{- ',' if not loop.last }}
        {%- endfor %}
{%- endmacro %}

{#- Moments over units of their totals, centred by the warehouse itself. -#}
{% macro moments_of_units() -%}
cast(count(*) as bigint) as n_units,
        cast(sum(n_events) as bigint) as n_events,
        sum(sum_weight) as sum_weight,
        sum(sum_weight_squared) as sum_weight_squared,
        avg(numerator) as mean_numerator,
        avg(denominator) as mean_denominator,
        var_samp(numerator) as var_numerator,
        var_samp(denominator) as var_denominator,
        covar_samp(numerator, denominator) as cov_numerator_denominator
{%- endmacro %}

{#- The moments of all units from those of parts of them: what varies within the parts, and the distance
    of each part's mean from the common one (Chan, Golub and LeVeque 1983, Am. Stat. 37, 242-247). -#}
{% macro merged_moments(parts, keys) -%}
common as (
    select
        {{ keys | join(',\n        ') }},
        sum(n_units) as n_units,
        sum(n_events) as n_events,
        sum(sum_weight) as sum_weight,
        sum(sum_weight_squared) as sum_weight_squared,
        {{ ratio('sum(n_units * mean_numerator)', 'sum(n_units)') }} as mean_numerator,
        {{ ratio('sum(n_units * mean_denominator)', 'sum(n_units)') }} as mean_denominator
    from {{ parts }}
    group by
        {{ keys | join(',\n        ') }}
),

spread as (
    select
        {%- for key in keys %}
        parts.{{ key }},
        {%- endfor %}
        {%- for name, x, y in [
            ('var_numerator', 'numerator', 'numerator'),
            ('var_denominator', 'denominator', 'denominator'),
            ('cov_numerator_denominator', 'numerator', 'denominator'),
        ] %}
        sum(
            (parts.n_units - 1) * coalesce(parts.{{ name }}, 0)
            + parts.n_units
            * (parts.mean_{{ x }} - common.mean_{{ x }})
            * (parts.mean_{{ y }} - common.mean_{{ y }})
        ) as {{ name }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from {{ parts }} as parts
    inner join common
        on
            {%- for key in keys %}
            {{ 'and ' if not loop.first }}parts.{{ key }} = common.{{ key }}
            {%- endfor %}
    group by
        {%- for key in keys %}
        parts.{{ key }}{{ ',' if not loop.last }}
        {%- endfor %}
),

final as (
    select
        {%- for key in keys %}
        common.{{ key }},
        {%- endfor %}

        cast(common.n_units as bigint) as n_units,
        cast(common.n_events as bigint) as n_events,
        common.sum_weight,
        common.sum_weight_squared,
        common.mean_numerator,
        common.mean_denominator,
        {%- for name in ['var_numerator', 'var_denominator', 'cov_numerator_denominator'] %}
        {{ ratio('spread.' ~ name, 'common.n_units - 1') }} as {{ name }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from common
    inner join spread
        on
            {%- for key in keys %}
            {{ 'and ' if not loop.first }}common.{{ key }} = spread.{{ key }}
            {%- endfor %}
)
{%- endmacro %}

{#- An event keeps the touchpoint it names; one that names none takes its metric's. -#}
{% macro touchpoint_of(relation, metric_touchpoints) -%}
case
            when {{ relation }}.touchpoint <> 'unknown' then {{ relation }}.touchpoint
            else coalesce({{ metric_touchpoints }}.touchpoint, 'unknown')
        end
{%- endmacro %}

{#- Where in the journey a row stands, for each breakdown; 'all' where it sums up several. -#}
{% macro places_of_journey(relation, touchpoints, breakdowns) -%}
{{ breakdowns }}.breakdown,
        case
            when {{ breakdowns }}.breakdown in ('journey_stage', 'touchpoint')
                then coalesce({{ touchpoints }}.journey_stage, 'unknown')
            else 'all'
        end as journey_stage,
        case
            when {{ breakdowns }}.breakdown = 'touchpoint' then {{ relation }}.touchpoint
            else 'all'
        end as touchpoint,
        case
            when {{ breakdowns }}.breakdown in ('department', 'touchpoint')
                then coalesce({{ touchpoints }}.department, 'unknown')
            else 'all'
        end as department
{%- endmacro %}
