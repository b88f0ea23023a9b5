{{ replaces_rows_of('fct_usage') }}
with

usages as (
    select * from {{ ref('stg_usage') }}
    {{ only_changed_rows_of('fct_usage') }}
),

customers as (
    select * from {{ ref('dim_customers') }}
),

-- two features used on one day make one active day: the busiest feature stands for the period
periods as (
    select
        customer_id,
        usage_date,
        max(active_days) as active_days,
        sum(event_count) as event_count
    from usages
    group by customer_id, usage_date
),

months as (
    select
        customer_id,
        {{ month_of('usage_date') }} as month_start_date,
        sum(active_days) as active_days,
        cast(sum(event_count) as bigint) as event_count
    from periods
    group by customer_id, {{ month_of('usage_date') }}
),

dated as (
    select
        *,
        {{ add_months('month_start_date', '1') }} as next_month_date
    from months
),

final as (
    select
        dated.customer_id,

        {{ customer_segment_columns('customers') }}
        {{ event_segment_columns({}) }}

        dated.event_count,
        {{ to_double(1) }} as design_weight,
        {{ metric_pair(
            'monthly_active_days',
            'dated.active_days is not null and dated.next_month_date <= ' ~ as_of_end(),
            'dated.active_days',
        ) }},

        dated.month_start_date,
        dated.next_month_date
    from dated
    left join customers
        on {{ holds_at('customers', 'dated.customer_id', 'dated.month_start_date') }}
)

select * from final
