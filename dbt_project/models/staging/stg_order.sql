{{ replaces_ids_of('order') }}
with

newest as (
    {{ newest_version('order', ['order_id']) }}
),

renamed as (
    select
        order_id,
        customer_id,
        account_id,
        source,

        kind,
        status,
        business_unit,
        currency,

        amount,
        design_weight,

        {{ known(instant('canceled_at')) }} is not null
        or coalesce(status in ('canceled', 'cancelled'), false) as is_canceled,

        cast({{ instant('promised_at') }} as date) as promised_date,
        cast({{ known(instant('delivered_at')) }} as date) as delivered_date,

        {{ instant('ordered_at') }} as ordered_at,
        {{ instant('promised_at') }} as promised_at,
        {{ known(instant('delivered_at')) }} as delivered_at,
        {{ known(instant('canceled_at')) }} as canceled_at
    from newest
),

final as (
    select
        *,
        case
            when promised_date is null then null
            -- some sources leave a delivery time on an order that was canceled
            when delivered_date is null or is_canceled then 'not_delivered'
            when delivered_date > promised_date then 'late'
            else 'on_time'
        end as delivery_punctuality
    from renamed
    where ordered_at < {{ as_of_end() }}
)

select * from final
