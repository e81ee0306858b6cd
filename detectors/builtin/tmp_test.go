package builtin_test
import ("testing";"math/rand/v2";"seine/detectors";"seine/flow";"seine/detectors/internal/scenario";"fmt")
type bad struct{env *detectors.Env; d *detectors.Detector; mode int; kept *flow.Record; calls int}
func (b *bad) Flows(rs []flow.Record){ b.calls++
 if b.mode==1 {rs[0].Row=7}
 for i:=range rs { r:=&rs[i]
  if b.kept==nil||b.mode!=0 {b.kept=r}
  b.env.Report(r,detectors.Alert{Rule:&b.d.Rules[0],Subject:detectors.Address(b.kept.Src,detectors.RoleSrc),Facts:[]detectors.Fact{detectors.Uint("calls",uint64(b.calls*(b.mode/2)))}})}}
func (b *bad) Tick(flow.Time){}
func (b *bad) Close(){}
func TestTmp(t *testing.T){
 for mode:=range 3 { t.Run(fmt.Sprint(mode),func(t *testing.T){
 d:=&detectors.Detector{ID:"bad",Rules:[]detectors.Rule{{ID:"x"}}}
 d.New=func(e *detectors.Env) detectors.Watcher{return &bad{env:e,d:d,mode:mode}}
 rng:=rand.New(rand.NewPCG(1,1)); tr:=randomTrace(rng)
 keepLaws(t,rng,func(h harness,n int)[]string{ x:=scenario.Trial{Detector:inside(t,d,h),CSV:tr,BatchRows:n}; l,err:=x.Run(); if err!=nil{t.Fatal(err)}; return l})
 })}
}
