{{ replaces_rows_of('fct_interactions') }}
with

contacts as (
    select
        interaction_id,
        customer_id,
        opened_at,
        resolved_at,
        is_reopened,
        coalesce(resolved_at, last_active_at) as ended_at
    from {{ ref('int_interactions_resolved') }}
    where customer_id is not null
    {{ only_changed_rows_of('fct_interactions', word='and') }}
),

-- the latest end of all earlier contacts, not of the last one: contacts may lie within each other
preceded as (
    select
        *,
        max(ended_at) over (
            partition by customer_id
            order by opened_at, interaction_id
            rows between unbounded preceding and 1 preceding
        ) as previous_ended_at
    from contacts
),

started as (
    select
        *,
        case
            when previous_ended_at is null then 1
            when opened_at >= {{ add_days('previous_ended_at', repeat_contact_days()) }} then 1
            else 0
        end as is_first
    from preceded
),

numbered as (
    select
        *,
        cast(sum(is_first) over (
            partition by customer_id
            order by opened_at, interaction_id
            rows between unbounded preceding and current row
        ) as bigint) as issue_number
    from started
),

issues as (
    select
        customer_id,
        issue_number,
        cast(count(*) as bigint) as contact_count,
        cast(count(resolved_at) as bigint) as resolved_count,
        max(case when is_reopened then 1 else 0 end) as has_reopened,
        max(ended_at) as issue_ended_at
    from numbered
    group by customer_id, issue_number
),

final as (
    select
        numbered.interaction_id,

        issues.contact_count,

        issues.contact_count = issues.resolved_count
        and {{ add_days('issues.issue_ended_at', repeat_contact_days()) }} <= {{ as_of_end() }}
            as is_settled,
        issues.contact_count = 1 and issues.has_reopened = 0 as is_resolved_at_first_contact,

        issues.issue_ended_at
    from numbered
    inner join issues
        on
            numbered.customer_id = issues.customer_id
            and numbered.issue_number = issues.issue_number
    where numbered.is_first = 1
)

select * from final
