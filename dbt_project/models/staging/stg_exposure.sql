with

newest as (
    {{ newest_version('exposure', ['experiment_id', 'unit_id', 'variant']) }}
),

renamed as (
    select
        experiment_id,
        unit_id,
        source,

        variant,

        {{ instant('assigned_at') }} as assigned_at,
        {{ instant('exposed_at') }} as exposed_at
    from newest
),

final as (
    select * from renamed
    where exposed_at < {{ as_of_end() }}
)

select * from final
