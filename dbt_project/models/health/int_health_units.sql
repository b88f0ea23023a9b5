with

health as (
    select * from {{ source('declared', 'health') }}
),

reference_days as (
    select * from {{ ref('int_health_reference_days') }}
),

customers as (
    select * from {{ ref('stg_customer') }}
),

-- what was known of the customer on the day: the account it belonged to, and whether it had left
known as (
    select
        reference_days.health_id,
        reference_days.reference,
        reference_days.ends_at,
        customers.customer_id,
        customers.account_id,
        customers.joined_at,
        customers.churned_at,
        row_number() over (
            partition by
                reference_days.health_id, reference_days.reference, customers.customer_id
            order by customers.valid_from desc nulls last
        ) as newest
    from reference_days
    inner join customers on reference_days.ends_at > customers.valid_from
),

final as (
    select
        known.health_id,
        known.reference,
        known.customer_id,
        case when health.unit = 'account' then known.account_id else known.customer_id end
            as unit_id
    from known
    inner join health on known.health_id = health.health_id
    where
        known.newest = 1
        and (known.joined_at is null or known.joined_at < known.ends_at)
        and (known.churned_at is null or known.churned_at >= known.ends_at)
        and (health.unit = 'customer' or known.account_id is not null)
)

select * from final
