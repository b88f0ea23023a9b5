with

contacts as (
    select * from {{ ref('fct_contact_costs') }}
    where cost is not null and customer_id is not null
),

waves as (
    select * from {{ source('declared', 'wave') }}
),

waved as (
    select
        waves.benchmark_id,
        waves.wave,
        min(waves.previous_wave) as previous_wave,
        count(*) as contact_count,
        sum({{ one_if('contacts.is_repeat') }}) as repeat_contact_count,
        sum(contacts.cost) as cost
    from contacts
    inner join waves
        on contacts.opened_date >= waves.starts_on and contacts.opened_date < waves.ends_before
    group by waves.benchmark_id, waves.wave
),

shared as (
    select
        *,
        {{ ratio('repeat_contact_count', 'contact_count') }} as repeat_contact_share,
        {{ ratio('cost', 'contact_count') }} as cost_per_contact
    from waved
),

final as (
    select
        shared.benchmark_id,
        shared.wave,

        cast(shared.contact_count as bigint) as contact_count,
        cast(shared.repeat_contact_count as bigint) as repeat_contact_count,
        shared.repeat_contact_share,
        previous.repeat_contact_share as previous_repeat_contact_share,
        shared.cost_per_contact,
        (previous.repeat_contact_share - shared.repeat_contact_share)
        * shared.contact_count as repeat_contacts_avoided,
        (previous.repeat_contact_share - shared.repeat_contact_share)
        * shared.contact_count * shared.cost_per_contact as saving
    from shared
    left join shared as previous
        on
            shared.benchmark_id = previous.benchmark_id
            and shared.previous_wave = previous.wave
)

select * from final
