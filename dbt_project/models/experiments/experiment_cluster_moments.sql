{%- set totals = ['size'] + unit_totals() -%}

with

units as (
    select * from {{ ref('experiment_unit_metrics') }}
    where cluster_id is not null
),

breakdowns as (
    {{ experiment_breakdowns() }}
),
{% for fact in measured_facts() %}
{{ fact }}_named as (
    {{ metrics_named(fact) }}
),

{{ fact }}_units as (
    select
        units.experiment_id,
        units.variant,
        units.cluster_id,
        breakdowns.segment_name,
        {{ segment_value('breakdowns.segment_name', 'units') }} as segment_value,
        {%- for metric in metrics_of(fact) %}
        {%- for total in unit_totals() %}
        units.{{ metric }}_{{ total }},
        {%- endfor %}
        units.{{ metric }}_n_events
        {{- ',' if not loop.last }}
        {%- endfor %}
    from units
    inner join breakdowns on units.experiment_id = breakdowns.experiment_id
    where units.experiment_id in (select experiment_id from {{ fact }}_named)
),

{{ fact }}_clusters as (
    select
        experiment_id,
        variant,
        segment_name,
        segment_value,
        cluster_id,
        {%- for metric in metrics_of(fact) %}
        {{ to_double('count(*)') }} as {{ metric }}_size,
        {%- for total in unit_totals() %}
        sum({{ metric }}_{{ total }}) as {{ metric }}_{{ total }},
        {%- endfor %}
        sum({{ metric }}_n_events) as {{ metric }}_n_events,
        {%- endfor %}
        count(*) as n_units
    from {{ fact }}_units
    where segment_value is not null
    group by experiment_id, variant, segment_name, segment_value, cluster_id
),

{{ fact }}_moments as (
    select
        experiment_id,
        variant,
        segment_name,
        segment_value,
        {%- for metric in metrics_of(fact) %}
        {{ centred_moments(totals, prefix=metric ~ '_', name=metric ~ '_') }}
        sum({{ metric }}_n_events) as {{ metric }}_n_events,
        {%- endfor %}
        count(*) as n_clusters,
        sum(n_units) as n_units
    from {{ fact }}_clusters
    group by experiment_id, variant, segment_name, segment_value
),
{% endfor %}
final as (
    {%- for metric, fact in metrics().items() %}
    select
        {{ fact }}_moments.experiment_id,
        {{ fact }}_moments.variant,
        '{{ metric }}' as metric,
        {{ fact }}_moments.segment_name,
        {{ fact }}_moments.segment_value,

        {{- moments_of(totals, fact ~ '_moments.' ~ metric ~ '_') }}
        cast({{ fact }}_moments.n_clusters as bigint) as n_clusters,
        cast({{ fact }}_moments.n_units as bigint) as n_units,
        cast({{ fact }}_moments.{{ metric }}_n_events as bigint) as n_events
    from {{ fact }}_moments
    inner join {{ fact }}_named
        on
            {{ fact }}_moments.experiment_id = {{ fact }}_named.experiment_id
            and {{ fact }}_named.is_{{ metric }} = 1
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select * from final
