with

exposures as (
    select * from {{ ref('stg_exposure') }}
),

experiments as (
    select * from {{ source('declared', 'experiment') }}
),

customers as (
    select * from {{ ref('dim_customers') }}
),

in_plan as (
    select
        exposures.experiment_id,
        exposures.unit_id,
        exposures.variant,
        exposures.exposed_at,
        experiments.window_days,
        experiments.pre_period_days
    from exposures
    inner join experiments on exposures.experiment_id = experiments.experiment_id
    where
        cast(exposures.exposed_at as date) >= experiments.starts_on
        and cast(exposures.exposed_at as date) <= experiments.ends_on
),

-- the arm of a unit that met more than one is never used: such units are counted and left out
first_exposures as (
    select
        experiment_id,
        unit_id,
        min(variant) as variant,
        min(variant) <> max(variant) as is_in_several_variants,
        min(exposed_at) as exposed_at,
        min(window_days) as window_days,
        min(pre_period_days) as pre_period_days
    from in_plan
    group by experiment_id, unit_id
),

final as (
    select
        first_exposures.experiment_id,
        first_exposures.unit_id,

        first_exposures.variant,
        {{ customer_segment_columns('customers') }}
        {{ event_segment_columns({}) }}

        first_exposures.is_in_several_variants,

        cast(first_exposures.exposed_at as date) as exposed_date,

        first_exposures.exposed_at,
        {{ add_days('first_exposures.exposed_at', 'first_exposures.window_days') }}
            as window_ends_at,
        {{ add_days('first_exposures.exposed_at', '-first_exposures.pre_period_days') }}
            as pre_period_starts_at
    from first_exposures
    left join customers
        on {{ holds_at('customers', 'first_exposures.unit_id', 'first_exposures.exposed_at') }}
)

select * from final
