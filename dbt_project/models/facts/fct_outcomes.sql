with

outcomes as (
    select * from {{ ref('stg_outcome') }}
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

-- a source that never records what was secured says nothing about growth, even where it lost all
recording_sources as (
    select distinct source
    from outcomes
    where kind = 'renewal' and is_achieved and achieved_value is not null
),

valued as (
    select
        outcomes.*,
        recording_sources.source is not null as is_growth_recorded,
        outcomes.value * rates.rate as value_at_stake,
        case
            when not outcomes.is_achieved then 0
            else outcomes.achieved_value * rates.rate
        end as value_achieved
    from outcomes
    left join rates
        on {{ rate_holds_on('rates', 'outcomes.currency', 'cast(outcomes.due_at as date)') }}
    left join recording_sources on outcomes.source = recording_sources.source
),

final as (
    select
        valued.outcome_id,
        valued.customer_id,
        valued.account_id,

        valued.kind,
        valued.goal,
        {{ party_segment_columns('customers', 'accounts') }}
        {{ event_segment_columns({}) }}

        valued.value,
        valued.value_at_stake,
        valued.value_achieved,
        {{ to_double(1) }} as design_weight,
        {{ metric_pair(
            'renewal_rate',
            "valued.kind = 'renewal' and valued.is_achieved is not null",
            one_if('valued.is_achieved'),
        ) }},
        {{ ratio_pair(
            'gross_revenue_retention',
            "valued.kind = 'renewal' and valued.is_achieved is not null and valued.value_at_stake > 0",
            'least(coalesce(valued.value_achieved, valued.value_at_stake), valued.value_at_stake)',
            'valued.value_at_stake',
        ) }},
        {{ ratio_pair(
            'net_revenue_retention',
            "valued.kind = 'renewal' and valued.is_growth_recorded and valued.value_at_stake > 0 "
            ~ 'and valued.is_achieved is not null and valued.value_achieved is not null',
            'valued.value_achieved',
            'valued.value_at_stake',
        ) }},
        {{ metric_pair(
            'win_rate',
            "valued.kind = 'opportunity' and valued.is_achieved is not null",
            one_if('valued.is_achieved'),
        ) }},
        {{ ratio_pair(
            'win_value_rate',
            "valued.kind = 'opportunity' and valued.is_achieved is not null "
            ~ 'and valued.value_at_stake > 0',
            'case when valued.is_achieved then valued.value_at_stake else 0 end',
            'valued.value_at_stake',
        ) }},
        {{ metric_pair(
            'referral_rate',
            "valued.kind = 'referral' and valued.is_achieved is not null",
            one_if('valued.is_achieved'),
        ) }},
        {{ metric_pair(
            'customer_goal_attainment_rate',
            "valued.kind = 'goal' and valued.is_achieved is not null",
            one_if('valued.is_achieved'),
        ) }},

        valued.is_achieved,
        valued.value is not null and valued.value_at_stake is null as is_value_unconverted,

        cast(valued.due_at as date) as due_date,

        valued.due_at
    from valued
    left join customers
        on {{ holds_at('customers', 'valued.customer_id', 'valued.due_at') }}
    left join accounts
        on {{ account_holds_at(
            'accounts', 'valued.account_id', 'valued.customer_id', 'valued.due_at'
        ) }}
)

select * from final
