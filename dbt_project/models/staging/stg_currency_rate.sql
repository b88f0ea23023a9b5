with

declared as (
    select * from {{ source('declared', 'currency_rate') }}
),

final as (
    select
        currency,

        rate,

        valid_from,
        valid_before
    from declared
)

select * from final
