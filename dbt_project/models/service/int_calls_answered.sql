{{ replaces_rows_of('fct_interactions') }}
with

calls as (
    select * from {{ ref('stg_interaction') }}
    where kind = 'call'
    {{ only_changed_rows_of('fct_interactions', word='and') }}
),

turns as (
    select * from {{ ref('stg_interaction_turn') }}
),

spoken as (
    select
        interaction_id,
        max(case when speaker = 'agent' then 1 else 0 end) as has_agent,
        max(case when speaker is null then 1 else 0 end) as has_unknown
    from turns
    group by interaction_id
),

-- the source's word goes first; then the transcript's, where it tells who spoke
final as (
    select
        calls.interaction_id,

        case
            when calls.is_abandoned is not null then calls.is_abandoned
            when spoken.has_agent = 1 then false
            when spoken.has_agent = 0 and spoken.has_unknown = 0 then true
            when calls.wait_seconds is not null then false
        end as is_abandoned
    from calls
    left join spoken on calls.interaction_id = spoken.interaction_id
)

select * from final
