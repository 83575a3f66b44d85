local engine = require("spec.support.engine")

local C = engine.load("engine/base/clock.h", "engine/host/crew.h", "engine/sched/flow.h")

local OFFER, ROOM, NOBODY = C.WEIR_HOME_OFFER, C.WEIR_HOME_WORKER, C.WEIR_CREW_NOBODY
local COUNT = 3

describe("a crew", function()
  local flow, crew, tickets

  -- Sleeps no longer than until a time that is over: whether it was woken before.
  local function sleeps(worker)
    return C.weir_crew_sleep(crew, worker, tickets[worker], 1) == 0
  end

  local function prepare()
    tickets = {}
    for worker = 0, COUNT - 1 do
      tickets[worker] = C.weir_crew_prepare(crew, worker)
    end
  end

  before_each(function()
    flow = C.weir_flow_new(C.weir_clock_real())
    crew = C.weir_crew_new(flow, COUNT)
    prepare()
  end)

  after_each(function()
    C.weir_crew_free(crew)
    C.weir_flow_free(flow)
  end)

  it("has one woken for what any may take, better one that has its code", function()
    C.weir_crew_ready(crew, 1)
    C.weir_crew_wake(crew, NOBODY, OFFER)
    assert.same({ true, false, true }, { sleeps(0), sleeps(1), sleeps(2) })
  end)

  it("has another woken for each offer, while there are any", function()
    for _ = 1, COUNT + 1 do
      C.weir_crew_wake(crew, NOBODY, OFFER)
    end
    assert.same({ false, false, false }, { sleeps(0), sleeps(1), sleeps(2) })
  end)

  it("has an offer passed on by who finds nothing", function()
    C.weir_crew_wake(crew, NOBODY, OFFER)
    assert.is_false(sleeps(0))
    tickets[0] = C.weir_crew_prepare(crew, 0)
    assert.same({ true, false, true }, { sleeps(0), sleeps(1), sleeps(2) })
  end)

  it("has an offer left to others by who was about to do something else", function()
    C.weir_crew_wake(crew, NOBODY, OFFER)
    C.weir_crew_cancel(crew, 0, 1)
    assert.same({ false, true }, { sleeps(1), sleeps(2) })
  end)

  it("wakes nobody else for an offer that its maker goes on with", function()
    C.weir_crew_cancel(crew, 0, 0)
    C.weir_crew_wake(crew, 0, OFFER)
    assert.same({ true, true }, { sleeps(1), sleeps(2) })
  end)

  it("has the maker of an offer tell others when it cannot go on with it", function()
    C.weir_crew_cancel(crew, 0, 0)
    C.weir_crew_wake(crew, 0, OFFER)
    C.weir_crew_ready(crew, 2)
    tickets[0] = C.weir_crew_prepare(crew, 0)
    assert.same({ true, true, false }, { sleeps(0), sleeps(1), sleeps(2) })
  end)

  it("has the maker of an offer wake another, and not itself", function()
    C.weir_crew_cancel(crew, 0, 0)
    C.weir_crew_wake(crew, 0, OFFER)
    tickets[0] = C.weir_crew_prepare(crew, 0)
    assert.same({ true, false, true }, { sleeps(0), sleeps(1), sleeps(2) })
  end)

  it("has nobody stand in for one that looks once more", function()
    for worker = 0, COUNT - 1 do
      C.weir_crew_ready(crew, worker)
    end
    assert.equal(NOBODY, C.weir_crew_stand_in(crew))
    assert.same({ true, true, true }, { sleeps(0), sleeps(1), sleeps(2) })
  end)

  it("wakes all for what may be meant for the lane of one", function()
    C.weir_crew_wake(crew, NOBODY, ROOM)
    assert.same({ false, false, false }, { sleeps(0), sleeps(1), sleeps(2) })
  end)
end)
