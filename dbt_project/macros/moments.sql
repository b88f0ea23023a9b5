{#- A unit's four totals of one metric: after its exposure and before it. -#}
{% macro unit_totals() %}{{ return(['num', 'den', 'pre_num', 'pre_den']) }}{% endmacro %}

{#- The metrics that a fact holds, in the catalogue's order. -#}
{% macro metrics_of(fact) %}
    {%- set found = [] -%}
    {%- for metric, holder in metrics().items() if holder == fact -%}
        {%- do found.append(metric) -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}

{#- The facts that hold at least one metric: each is read once, whatever the number of its metrics. -#}
{% macro measured_facts() %}
    {%- set found = [] -%}
    {%- for fact in facts() if metrics_of(fact) -%}
        {%- do found.append(fact) -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}

{#- Means and sample covariances of `totals`, centred by the warehouse itself. The columns
    `<prefix><total>` are read and `<name>mean_<total>`, `<name>cov_<x>_<y>` written. -#}
{% macro centred_moments(totals, prefix='', name='') -%}
{%- for total in totals %}
        avg({{ prefix }}{{ total }}) as {{ name }}mean_{{ total }},
        {%- endfor %}
        {%- for x in totals %}
        {%- for y in totals[loop.index0:] %}
        covar_samp({{ prefix }}{{ x }}, {{ prefix }}{{ y }}) as {{ name }}cov_{{ x }}_{{ y }},
        {%- endfor %}
        {%- endfor %}
{%- endmacro %}

{#- The column `<metric>_<column>` of the metric that `name` holds. -#}
{% macro of_metric(metrics, relation, column, name) -%}
case {{ name }}
            {%- for metric in metrics %}
            when '{{ metric }}' then {{ relation }}.{{ metric }}_{{ column }}
            {%- endfor %}
        end
{%- endmacro %}

{#- The moments again, from the wide names of all metrics to the long ones of the metric in `name`. -#}
{% macro moments_of_metric(totals, metrics, relation, name) -%}
{%- for total in totals %}
        {{ of_metric(metrics, relation, 'mean_' ~ total, name) }} as mean_{{ total }},
        {%- endfor %}
        {%- for x in totals %}
        {%- for y in totals[loop.index0:] %}
        {{ of_metric(metrics, relation, 'cov_' ~ x ~ '_' ~ y, name) }} as cov_{{ x }}_{{ y }},
        {%- endfor %}
        {%- endfor %}
{%- endmacro %}

{% macro in_quotes(names) %}{{ "'" ~ names | join("', '") ~ "'" }}{% endmacro %}

{#- Experiments and the metrics they name, by the facts that hold them: one row per experiment, with
    `is_<metric>` for each metric of `fact`. -#}
{% macro metrics_named(fact) -%}
select
        experiment_id,
        {%- for metric in metrics_of(fact) %}
        max({{ one_if("metric = '" ~ metric ~ "'") }}) as is_{{ metric }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from {{ source('declared', 'experiment_metric') }}
    where metric in ({{ in_quotes(metrics_of(fact)) }})
    group by experiment_id
{%- endmacro %}

{#- Units with every value of every segment that their experiment is broken down by, and 'all'. -#}
{% macro experiment_breakdowns() -%}
select
        experiment_id,
        'all' as segment_name
    from {{ source('declared', 'experiment') }}
    union all
    select
        experiment_id,
        segment as segment_name
    from {{ source('declared', 'experiment_segment') }}
{%- endmacro %}
