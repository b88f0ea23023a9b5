{{ replaces_rows_of('fct_orders') }}
with

orders as (
    select * from {{ ref('stg_order') }}
    {{ only_changed_rows_of('fct_orders') }}
),

customers as (
    select * from {{ ref('dim_customers') }}
),

accounts as (
    select * from {{ ref('dim_accounts') }}
),

rates as (
    select * from {{ ref('stg_currency_rate') }}
),

purchase_instants as (
    select distinct
        customer_id,
        ordered_at
    from orders
    where kind = 'purchase' and not is_canceled and customer_id is not null
),

next_purchases as (
    select
        customer_id,
        ordered_at,
        lead(ordered_at) over (partition by customer_id order by ordered_at) as next_ordered_at
    from purchase_instants
),

followed as (
    select
        orders.*,
        next_purchases.next_ordered_at,
        {{ add_days('orders.ordered_at', repeat_purchase_days()) }} as repeat_window_ends_at,
        coalesce(
            orders.kind = 'purchase' and not orders.is_canceled and orders.customer_id is not null,
            false
        ) as is_purchase,
        case when not orders.is_canceled then orders.amount * rates.rate end as revenue
    from orders
    left join rates
        on {{ rate_holds_on('rates', 'orders.currency', 'cast(orders.ordered_at as date)') }}
    left join next_purchases
        on
            orders.customer_id = next_purchases.customer_id
            and orders.ordered_at = next_purchases.ordered_at
),

final as (
    select
        followed.order_id,
        followed.customer_id,
        followed.account_id,

        followed.kind,
        followed.currency,
        {{ party_segment_columns('customers', 'accounts') }}
        {{ event_segment_columns({
            'business_unit': 'followed.business_unit',
            'delivery_punctuality': 'followed.delivery_punctuality',
        }) }}

        followed.amount,
        followed.revenue,
        coalesce(followed.design_weight, 1) as design_weight,
        {{ metric_pair(
            'repeat_purchase_rate',
            'followed.is_purchase and followed.repeat_window_ends_at <= ' ~ as_of_end(),
            one_if('followed.next_ordered_at < followed.repeat_window_ends_at'),
        ) }},
        {{ metric_pair(
            'late_delivery_rate',
            "followed.delivery_punctuality in ('late', 'on_time')",
            one_if("followed.delivery_punctuality = 'late'"),
        ) }},
        {{ metric_pair(
            'average_order_value',
            "followed.kind = 'purchase' and followed.revenue >= 0",
            'followed.revenue',
        ) }},

        followed.is_canceled,
        not followed.is_canceled and followed.revenue is null as is_unvalued,

        cast(followed.ordered_at as date) as ordered_date,
        followed.promised_date,
        followed.delivered_date,

        followed.ordered_at
    from followed
    left join customers
        on {{ holds_at('customers', 'followed.customer_id', 'followed.ordered_at') }}
    left join accounts
        on {{ account_holds_at(
            'accounts', 'followed.account_id', 'followed.customer_id', 'followed.ordered_at'
        ) }}
)

select * from final
