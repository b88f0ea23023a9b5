{{ replaces_ids_of('usage') }}
with

newest as (
    {{ newest_version('usage', ['customer_id', 'usage_date', 'feature']) }}
),

renamed as (
    select
        customer_id,
        account_id,
        source,

        feature,

        active_days,
        event_count,

        usage_date
    from newest
),

final as (
    select * from renamed
    where usage_date < {{ as_of_end() }}
)

select * from final
