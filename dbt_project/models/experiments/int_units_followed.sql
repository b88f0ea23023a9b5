with

assigned as (
    select * from {{ ref('int_units_exposed') }}
    where not is_in_several_variants
),

experiments as (
    select
        experiment_id,
        coalesce(unit, 'customer') as unit
    from {{ source('declared', 'experiment') }}
),

customers as (
    select * from {{ ref('dim_customers') }}
),

own as (
    select
        assigned.experiment_id,
        assigned.unit_id,
        cast(null as {{ t_string() }}) as cluster_id,
        assigned.variant,
        {%- for segment in segments() %}
        assigned.{{ segment }},
        {%- endfor %}
        assigned.exposed_date,
        assigned.exposed_at,
        assigned.window_ends_at,
        assigned.pre_period_starts_at
    from assigned
    inner join experiments
        on assigned.experiment_id = experiments.experiment_id and experiments.unit = 'customer'
),

-- whoever belonged to the cluster when it was exposed; who joins later may have come because of it
members as (
    {%- for unit, column in cluster_units().items() %}
    select
        assigned.experiment_id,
        customers.customer_id as unit_id,
        assigned.unit_id as cluster_id,
        assigned.variant,
        {%- for segment in customer_segments() %}
        customers.{{ segment }},
        {%- endfor %}
        {%- for segment in event_segments() %}
        'unknown' as {{ segment }},
        {%- endfor %}
        assigned.exposed_date,
        assigned.exposed_at,
        assigned.window_ends_at,
        assigned.pre_period_starts_at
    from assigned
    inner join experiments
        on
            assigned.experiment_id = experiments.experiment_id
            and experiments.unit = '{{ unit }}'
    inner join customers
        on
            assigned.unit_id = customers.{{ column }}
            and assigned.exposed_at >= customers.valid_from
            and (customers.valid_to is null or assigned.exposed_at < customers.valid_to)
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

-- a customer who moves is followed in the cluster that was exposed first
ranked as (
    select
        *,
        row_number() over (
            partition by experiment_id, unit_id order by exposed_at, cluster_id
        ) as cluster_rank
    from members
),

final as (
    select * from own
    union all
    select
        experiment_id,
        unit_id,
        cluster_id,
        variant,
        {%- for segment in segments() %}
        {{ segment }},
        {%- endfor %}
        exposed_date,
        exposed_at,
        window_ends_at,
        pre_period_starts_at
    from ranked
    where cluster_rank = 1
)

select * from final
