with

units as (
    select * from {{ ref('int_units_exposed') }}
),

final as (
    select
        experiment_id,
        variant,
        exposed_date,

        cast(count(*) as bigint) as n_units
    from units
    where not is_in_several_variants
    group by experiment_id, variant, exposed_date
)

select * from final
