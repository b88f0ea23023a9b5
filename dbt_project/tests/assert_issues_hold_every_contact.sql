-- Each contact of a known customer belongs to exactly one issue.
with

issues as (
    select
        contacts.customer_id,
        sum(grouped.contact_count) as contact_count
    from {{ ref('int_interactions_grouped') }} as grouped
    inner join {{ ref('stg_interaction') }} as contacts
        on grouped.interaction_id = contacts.interaction_id
    group by contacts.customer_id
),

contacts as (
    select
        customer_id,
        count(*) as contact_count
    from {{ ref('stg_interaction') }}
    where customer_id is not null
    group by customer_id
)

select
    contacts.customer_id,
    contacts.contact_count,
    issues.contact_count as contact_count_in_issues
from contacts
left join issues on contacts.customer_id = issues.customer_id
where issues.contact_count is null or issues.contact_count <> contacts.contact_count
