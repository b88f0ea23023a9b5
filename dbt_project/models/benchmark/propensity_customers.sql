{#- sqlfluff measures the indentation of the columns that a loop writes, not of the loop -#}
-- noqa: disable=LT02
with

declared as (
    select
        waves.benchmark_id,
        waves.wave,
        {{ add_months('waves.starts_on', '-6') }} as features_from,
        waves.starts_on,
        waves.ends_before
    from {{ source('declared', 'wave') }} as waves
    where
        waves.benchmark_id in (
            select items.benchmark_id from {{ source('declared', 'driver_item') }} as items
        )
),

customers as (
    select * from {{ ref('dim_customers') }}
),

members as (
    select
        declared.benchmark_id,
        declared.wave,
        customers.customer_id,
        customers.account_id,
        {%- for segment in customer_segments() %}
        customers.{{ segment }},
        {%- endfor %}
        customers.joined_at,
        declared.features_from,
        declared.starts_on,
        declared.ends_before,
        case
            when {{ instant('declared.ends_before') }} <= {{ as_of_end() }}
                then
                    {{ to_double(
                        one_if('coalesce(customers.churned_at < declared.ends_before, false)')
                    ) }}
        end as has_churned
    from declared
    inner join customers
        on
            declared.starts_on >= customers.valid_from
            and (customers.valid_to is null or declared.starts_on < customers.valid_to)
    where
        customers.joined_at < declared.starts_on
        and (customers.churned_at is null or customers.churned_at >= declared.starts_on)
),

-- what was decided within the wave; of several decisions, whether all were renewals
renewals as (
    select
        members.benchmark_id,
        members.wave,
        members.customer_id,
        min(outcomes.renewal_rate_numerator) as has_renewed
    from members
    inner join {{ ref('fct_outcomes') }} as outcomes
        on
            members.customer_id = outcomes.customer_id
            and members.starts_on <= outcomes.due_date
            and members.ends_before > outcomes.due_date
    where outcomes.renewal_rate_denominator > 0
    group by members.benchmark_id, members.wave, members.customer_id
),
{% for fact in measured_facts() %}
{%- set dated = facts()[fact] %}
{{ fact }}_totals as (
    select
        members.benchmark_id,
        members.wave,
        members.customer_id,
        {%- for metric in metrics_of(fact) %}
        sum(case when fact.{{ metric }}_denominator > 0 then fact.{{ metric }}_numerator end)
            as {{ metric }}_num,
        sum(case when fact.{{ metric }}_denominator > 0 then fact.{{ metric }}_denominator end)
            as {{ metric }}_den
        {{- ',' if not loop.last }}
        {%- endfor %}
    from members
    inner join {{ ref(fact) }} as fact
        on
            members.customer_id = fact.customer_id
            and fact.{{ dated.date }} >= members.features_from
            and fact.{{ dated.date }} < members.starts_on
            {%- if dated.ends_on %}
            and fact.{{ dated.ends_on }} <= members.starts_on
            {%- endif %}
    group by members.benchmark_id, members.wave, members.customer_id
),
{% endfor %}
final as (
    select
        members.benchmark_id,
        members.wave,
        members.customer_id,
        members.account_id,

        {%- for segment in customer_segments() %}
        members.{{ segment }},
        {%- endfor %}

        {{ days_between('cast(members.joined_at as date)', 'members.starts_on') }} as tenure_days,
        {%- for metric, fact in metrics().items() %}
        {{ to_double('coalesce(' ~ fact ~ '_totals.' ~ metric ~ '_num, 0)') }} as {{ metric }}_num,
        {{ to_double('coalesce(' ~ fact ~ '_totals.' ~ metric ~ '_den, 0)') }} as {{ metric }}_den,
        {%- endfor %}
        members.has_churned,
        renewals.has_renewed,

        members.starts_on,
        members.ends_before
    from members
    left join renewals
        on
            members.benchmark_id = renewals.benchmark_id
            and members.wave = renewals.wave
            and members.customer_id = renewals.customer_id
    {%- for fact in measured_facts() %}
    left join {{ fact }}_totals
        on
            members.benchmark_id = {{ fact }}_totals.benchmark_id
            and members.wave = {{ fact }}_totals.wave
            and members.customer_id = {{ fact }}_totals.customer_id
    {%- endfor %}
)

select * from final
