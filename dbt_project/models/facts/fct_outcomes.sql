with

outcomes as (
    select * from {{ ref('stg_outcome') }}
),

customers as (
    select * from {{ ref('dim_customers') }}
),

final as (
    select
        outcomes.outcome_id,
        outcomes.customer_id,

        outcomes.kind,
        {{ customer_segment_columns('customers') }}
        {{ event_segment_columns({}) }}

        outcomes.value,
        {{ to_double(1) }} as design_weight,
        {{ metric_pair(
            'renewal_rate',
            "outcomes.kind = 'renewal' and outcomes.is_achieved is not null",
            one_if('outcomes.is_achieved'),
        ) }},

        outcomes.is_achieved,

        cast(outcomes.due_at as date) as due_date,

        outcomes.due_at
    from outcomes
    left join customers
        on {{ holds_at('customers', 'outcomes.customer_id', 'outcomes.due_at') }}
)

select * from final
