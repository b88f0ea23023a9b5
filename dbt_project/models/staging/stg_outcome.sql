with

newest as (
    {{ newest_version('outcome', ['outcome_id']) }}
),

renamed as (
    select
        outcome_id,
        customer_id,
        account_id,
        source,

        kind,
        goal,
        currency,

        value,
        achieved_value,

        is_achieved,

        {{ instant('due_at') }} as due_at
    from newest
),

final as (
    select * from renamed
    where due_at < {{ as_of_end() }}
)

select * from final
