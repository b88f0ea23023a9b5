{{ replaces_ids_of('invitation') }}
with

newest as (
    {{ newest_version('invitation', ['invitation_id']) }}
),

renamed as (
    select
        invitation_id,
        survey_id,
        customer_id,
        account_id,
        interaction_id,
        order_id,
        source,

        mode,
        touchpoint,

        design_weight,

        is_relational,

        {{ known(instant('eligible_at')) }} as eligible_at,
        {{ known(instant('invited_at')) }} as invited_at,
        {{ known(instant('delivered_at')) }} as delivered_at,
        {{ known(instant('opened_at')) }} as opened_at,
        {{ known(instant('answered_at')) }} as answered_at
    from newest
),

final as (
    select * from renamed
    -- a person who was eligible and never invited has no invited_at
    where eligible_at is not null or invited_at is not null
)

select * from final
