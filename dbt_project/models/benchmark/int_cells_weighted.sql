with

invitations as (
    select * from {{ ref('fct_invitations') }}
),

waves as (
    select * from {{ source('declared', 'wave') }}
),

cell_segments as (
    {{ cell_segments() }}
),

invited as (
    select
        waves.benchmark_id,
        waves.wave,
        invitations.survey_id,
        {{ weighting_cell('invitations', 'cell_segments') }} as cell,
        invitations.design_weight,
        invitations.is_answered
    from invitations
    inner join waves
        on
            invitations.invited_date >= waves.starts_on
            and invitations.invited_date < waves.ends_before
    inner join cell_segments on waves.benchmark_id = cell_segments.benchmark_id
),

final as (
    select
        benchmark_id,
        survey_id,

        wave,
        cell,

        {{ ratio('sum(design_weight)', 'sum(case when is_answered then design_weight end)') }}
            as nonresponse_weight
    from invited
    group by benchmark_id, survey_id, wave, cell
)

select * from final
