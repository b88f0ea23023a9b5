with

experiments as (
    select * from {{ source('declared', 'experiment') }}
),

units as (
    select * from {{ ref('int_units_exposed') }}
),

final as (
    select
        experiments.experiment_id,

        cast(count(units.unit_id) as bigint) as n_units
    from experiments
    left join units
        on
            experiments.experiment_id = units.experiment_id
            and units.is_in_several_variants
    group by experiments.experiment_id
)

select * from final
